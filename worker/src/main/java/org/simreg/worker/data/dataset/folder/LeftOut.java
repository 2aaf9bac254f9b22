package org.simreg.worker.data.dataset.folder;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.simreg.worker.base.io.FileNames;

/** The count of what a walk through a data set leaves out, by kind and ending. Safe for several threads. */
public final class LeftOut {
    /** The list of val's classes that Tiny-ImageNet has: it is read, not left out. */
    static final String ANNOTATIONS = "val_annotations.txt";

    /** What a data set says about itself, and what systems keep for themselves: nobody takes it for pictures. */
    private static final Pattern ABOUT =
            Pattern.compile("(readme|licen[cs]e|copying|notice)(\\..*)?|.*\\.md|thumbs\\.db|desktop\\.ini");

    /** Folders in which systems keep what is theirs, thumbnails and deleted pictures among it. */
    private static final Set<String> OF_SYSTEMS =
            Set.of("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found");

    private static final int SHOWN = 3;
    private static final int MOST_ENDINGS = 8;
    private static final int LONGEST_ENDING = 12;

    private final Map<String, AtomicLong> endings = new ConcurrentHashMap<>();
    private final Names dangling = new Names();
    private final Names loops = new Names();
    private final Names hidden = new Names();
    private final Names hiddenFolders = new Names();
    private final Names ofSystems = new Names();
    private final Names special = new Names();

    /** A file that is no image; one that only says something about the data set isn't counted. */
    public void file(String folder, String name, boolean regular) {
        if (!regular) {
            special.add(FolderWalk.below(folder, name));
        } else if (!name.equals(ANNOTATIONS)
                && !ABOUT.matcher(name.toLowerCase(Locale.ROOT)).matches()) {
            endings.computeIfAbsent(ending(name), key -> new AtomicLong()).incrementAndGet();
        }
    }

    private static String ending(String name) {
        int dot = name.lastIndexOf('.');
        boolean some = dot > 0 && name.length() - dot <= LONGEST_ENDING && dot < name.length() - 1;
        return some ? FileNames.shown(name.substring(dot).toLowerCase(Locale.ROOT)) : "";
    }

    /** A link whose target isn't there, or a file that is gone or hidden by its permissions. */
    void dangling(String path) {
        dangling.add(path);
    }

    /** A folder that a link shows again inside itself. */
    void loop(String path) {
        loops.add(path);
    }

    /** An image whose name starts with a dot. */
    void hidden(String path) {
        hidden.add(path);
    }

    /** A folder whose name starts with a dot. */
    void hiddenFolder(String path) {
        hiddenFolders.add(path);
    }

    /** Whether a folder is one that a system keeps for itself, which no class is named after. */
    static boolean isOfSystem(String name) {
        return OF_SYSTEMS.contains(name);
    }

    /** Whether a path leads through such a folder. */
    static boolean isBelowSystems(String path) {
        for (String name : OF_SYSTEMS) {
            int at = path.indexOf(name);
            if (at >= 0 && (path.startsWith(name + "/") || path.contains("/" + name + "/"))) {
                return true;
            }
        }
        return false;
    }

    /** A folder that a system keeps for itself. */
    void ofSystem(String path) {
        ofSystems.add(path);
    }

    /** "12 .txt, 3 .json"; empty if nothing of the kind was found. */
    String endings() {
        List<Map.Entry<String, Long>> counts = endings.entrySet().stream()
                .map(one -> Map.entry(one.getKey(), one.getValue().get()))
                .sorted(Comparator.<Map.Entry<String, Long>>comparingLong(one -> -one.getValue())
                        .thenComparing(Map.Entry::getKey))
                .toList();
        String some = counts.stream()
                .limit(MOST_ENDINGS)
                .map(one -> one.getValue() + " " + (one.getKey().isEmpty() ? "without an ending" : one.getKey()))
                .collect(Collectors.joining(", "));
        long more = counts.stream()
                .skip(MOST_ENDINGS)
                .mapToLong(Map.Entry::getValue)
                .sum();
        return more > 0 ? some + " and " + more + " others" : some;
    }

    /** Files of an ending. */
    long count(String ending) {
        AtomicLong count = endings.get(ending);
        return count == null ? 0 : count.get();
    }

    /** A sentence for each kind. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (!endings.isEmpty()) {
            notes.add("left out: " + endings());
        }
        dangling.note(notes, "link that leads nowhere", "links that lead nowhere");
        loops.note(notes, "link that leads back to a folder above it", "links that lead back to a folder above them");
        hidden.note(notes, "picture whose name starts with a dot", "pictures whose names start with a dot");
        hiddenFolders.note(notes, "folder whose name starts with a dot", "folders whose names start with a dot");
        ofSystems.note(notes, "folder that a system keeps for itself", "folders that a system keeps for itself");
        special.note(notes, "entry that is no file", "entries that are no files");
        return notes;
    }

    /** The first of the names, in order, and more. */
    static String first(Iterable<String> names, int count) {
        List<String> some = new ArrayList<>();
        for (String name : names) {
            if (some.size() == SHOWN) {
                break;
            }
            some.add(FileNames.shown(name));
        }
        return String.join(", ", some) + (count > some.size() ? ", .." : "");
    }

    /** Paths of one kind, sorted; the first are shown. */
    private static final class Names {
        private final TreeSet<String> least = new TreeSet<>();
        private int count;

        synchronized void add(String path) {
            count++;
            least.add(path);
            if (least.size() > SHOWN) {
                least.pollLast();
            }
        }

        synchronized void note(List<String> notes, String one, String several) {
            if (count > 0) {
                notes.add("left out: %d %s (%s)".formatted(count, count == 1 ? one : several, first(least, count)));
            }
        }
    }
}
