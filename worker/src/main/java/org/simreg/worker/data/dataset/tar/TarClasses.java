package org.simreg.worker.data.dataset.tar;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.data.dataset.folder.SplitNames;

/**
 * The rule by which tars are classes: several of them, whose images lie in no folder, and whose names are neither those
 * of parts such as train and val nor numbered one after the other, as shards are. Then a tar is the folder of its name,
 * as if it had been unpacked there; so ImageNet's are, once unpacked.
 */
final class TarClasses {
    private static final Pattern NUMBERED = Pattern.compile("(.*?)(\\d{1,15})");
    private static final Set<String> OTHERS = Set.of("images", "data");
    private static final String TAR = ".tar";

    private TarClasses() {}

    /** The folder that all tars lie in, with a slash at its end, if each is a class; none if they aren't classes. */
    static Optional<String> above(List<String> tars, boolean inFolders) {
        if (inFolders || tars.size() < 2) {
            return Optional.empty();
        }
        List<String> names = tars.stream().map(TarClasses::name).toList();
        boolean parts = names.stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .anyMatch(name -> SplitNames.has(name) || OTHERS.contains(name));
        return parts || areShards(names) ? Optional.empty() : Optional.of(common(tars));
    }

    /** A tar's path below the folder, without its ending. */
    static String folder(String tar, String above) {
        return tar.substring(above.length(), tar.length() - (tar.endsWith(TAR) ? TAR.length() : 0));
    }

    private static String name(String tar) {
        return folder(tar, tar.substring(0, tar.lastIndexOf('/') + 1));
    }

    /** Whether all have one text before a number, and the numbers have no gap. */
    private static boolean areShards(List<String> names) {
        Set<String> texts = new TreeSet<>();
        Set<Long> numbers = new TreeSet<>();
        for (String name : names) {
            Matcher matcher = NUMBERED.matcher(name);
            if (!matcher.matches()) {
                return false;
            }
            texts.add(matcher.group(1));
            numbers.add(Long.valueOf(matcher.group(2)));
        }
        long first = numbers.iterator().next();
        return texts.size() == 1 && numbers.contains(first + numbers.size() - 1);
    }

    private static String common(List<String> tars) {
        String common = tars.get(0).substring(0, tars.get(0).lastIndexOf('/') + 1);
        for (String tar : tars) {
            while (!tar.startsWith(common)) {
                common = common.substring(0, common.lastIndexOf('/', common.length() - 2) + 1);
            }
        }
        return common;
    }
}
