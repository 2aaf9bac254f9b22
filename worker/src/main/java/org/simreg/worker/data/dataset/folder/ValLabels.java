package org.simreg.worker.data.dataset.folder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.data.dataset.ClassNames;
import org.simreg.worker.data.dataset.ClassSelection;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.dataset.TextLines;

/**
 * A list of the classes of val's images, laid over a val folder: a line has an image's name and its class, separated
 * by a tab, comma or spaces (Tiny-ImageNet's {@code val_annotations.txt}, {@code LOC_val_solution.csv}, lists for
 * other tools), or a class alone, in the order of the images: its name, or its number (the ground truth of ImageNet's
 * development kit).
 */
final class ValLabels {
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
    private static final Pattern SEPARATED = Pattern.compile("[\\s,;]");
    private static final Pattern LAST_NUMBER = Pattern.compile("(\\d{1,9})\\D*$");

    private final Path file;
    private final Path root;
    private final SampleIndex.FolderPart folder;
    private final boolean labelled;
    private final ClassNames known;
    private final List<String> names;
    private final List<String> notes = new ArrayList<>();

    /** Images by class, both in byte order. */
    private final Map<String, TreeSet<String>> images = new TreeMap<>(BYTES);

    private static final Comparator<String> BYTES = Comparator.comparing(FileNames::bytes, Arrays::compareUnsigned);

    ValLabels(Path file, Path root, SampleIndex.FolderPart folder, SampleIndex.FolderPart train) {
        this.file = file;
        this.root = root;
        this.folder = folder;
        labelled = train.labelled();
        names = ClassSelection.classes(train.classes());
        known = new ClassNames(names);
    }

    /** Sentences about what doesn't fit; after {@link #part}. */
    List<String> notes() {
        return notes;
    }

    /**
     * The images with a class, by class.
     *
     * @throws UserError if the list can't be read or fits no image
     */
    SampleIndex.FolderPart part() {
        List<String> lines;
        try {
            lines = TextLines.read(file);
        } catch (IOException e) {
            throw new UserError("the list of val's classes %s can't be read (%s)".formatted(file, e), e);
        }
        List<String> all = all();
        int unlisted = lines.stream().noneMatch(line -> SEPARATED.matcher(line).find())
                ? inOrder(lines, all)
                : named(lines, all);
        if (images.isEmpty()) {
            throw new UserError("%s names no class of the %d images in %s%s"
                    .formatted(
                            file,
                            all.size(),
                            FileNames.resolve(root, folder.folder()),
                            labelled ? " that train has" : ""));
        }
        if (unlisted > 0) {
            notes.add("left out: %d of %d val images, for which %s has no class that train has"
                    .formatted(unlisted, all.size(), file));
        }
        notes.add("the classes of val's images are those of " + file);
        return built();
    }

    /** Paths below val's folder, in byte order. */
    private List<String> all() {
        List<String> all = new ArrayList<>();
        for (int label = 0; label < folder.classes().size(); label++) {
            String name = folder.classes().get(label);
            for (int image = folder.classEnd(label - 1); image < folder.classEnd(label); image++) {
                all.add(FolderWalk.below(name, folder.name(image)));
            }
        }
        all.sort(BYTES);
        return all;
    }

    private void put(String image, String name) {
        images.computeIfAbsent(name, key -> new TreeSet<>(BYTES)).add(image);
    }

    /** A class's name as train has it; any name if train has no classes. */
    private Optional<String> known(String name) {
        return labelled ? known.find(name) : Optional.of(name).filter(one -> !one.isEmpty());
    }

    private int named(List<String> lines, List<String> all) {
        Map<String, String> listed = new HashMap<>();
        TreeSet<String> twice = new TreeSet<>(BYTES);
        for (String line : lines) {
            String[] cells = line.split("\t", -1);
            cells = cells.length > 1 ? cells : line.split("\\s*[,;]\\s*", -1);
            cells = cells.length > 1 ? cells : line.split("\\s+", -1);
            if (cells.length > 1) {
                String label = unquoted(cells[1]);
                String first = label.isEmpty() ? "" : label.split("\\s+")[0];
                boolean turned = labelled
                        && known.label(label) < 0
                        && known.label(first) < 0
                        && known.label(unquoted(cells[0])) >= 0;
                String image = stem(turned ? label : cells[0]);
                String name = turned ? unquoted(cells[0]) : known.label(label) >= 0 ? label : first;
                String before = listed.put(image, name);
                if (before != null && !before.equals(name)) {
                    twice.add(image);
                }
            }
        }
        if (!twice.isEmpty()) {
            notes.add("%s gives %d images several classes (%s); the last of each is taken"
                    .formatted(file, twice.size(), LeftOut.first(twice, twice.size())));
        }
        Optional<SynsetNumbers.Meaning> numbers = numbers(listed.values());
        int unlisted = 0;
        for (String image : all) {
            Optional<String> name = Optional.ofNullable(listed.get(stem(image)))
                    .map(one -> numbers.isPresent() ? numbers.get().names().get(Integer.valueOf(one)) : one)
                    .flatMap(this::known);
            name.ifPresent(one -> put(image, one));
            unlisted += name.isPresent() ? 0 : 1;
        }
        return unlisted;
    }

    /** What the numbers of a list for Caffe and the like stand for; empty if it has names of classes. */
    private Optional<SynsetNumbers.Meaning> numbers(Collection<String> listed) {
        boolean numbers = labelled
                && !listed.isEmpty()
                && listed.stream().allMatch(one -> NUMBER.matcher(one).matches())
                && listed.stream().noneMatch(one -> known.label(one) >= 0);
        return numbers ? Optional.of(noted(SynsetNumbers.of(listed, names, file, false))) : Optional.empty();
    }

    private SynsetNumbers.Meaning noted(SynsetNumbers.Meaning meaning) {
        notes.add(
                meaning.first().isPresent()
                        ? "the numbers in %s are taken as the places of classes in name order, from %d"
                                .formatted(file, meaning.first().getAsInt())
                        : "the numbers in %s are taken as those of ImageNet's development kit".formatted(file));
        return meaning;
    }

    private static String unquoted(String cell) {
        String text = cell.strip();
        boolean quoted = text.length() > 1 && text.startsWith("\"") && text.endsWith("\"");
        return quoted ? text.substring(1, text.length() - 1).replace("\"\"", "\"") : text;
    }

    /** A name without folders and ending. */
    private static String stem(String path) {
        String name = path.strip().replace("\"", "").replace('\\', '/');
        name = name.substring(name.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return FileNames.composed(dot > 0 ? name.substring(0, dot) : name);
    }

    /** A class a line, as its name or, in the development kit, as a number whose meaning its meta.mat says. */
    private int inOrder(List<String> lines, List<String> all) {
        boolean named = labelled && lines.stream().allMatch(line -> known(line).isPresent());
        boolean kit =
                !named && lines.stream().allMatch(line -> NUMBER.matcher(line).matches());
        List<String> classes = kit && labelled ? ofNumbers(lines) : lines;
        if (labelled && classes.stream().allMatch(name -> known(name).isEmpty())) {
            return all.size();
        }
        int[] places = places(lines, all);
        int unlisted = 0;
        for (int i = 0; i < places.length; i++) {
            Optional<String> name = known(classes.get(places[i]));
            String image = all.get(i);
            name.ifPresent(one -> put(image, one));
            unlisted += name.isPresent() ? 0 : 1;
        }
        return unlisted;
    }

    private List<String> ofNumbers(List<String> lines) {
        SynsetNumbers.Meaning meaning = noted(SynsetNumbers.of(lines, names, file, true));
        return lines.stream()
                .map(line -> meaning.names().getOrDefault(Integer.valueOf(line), ""))
                .toList();
    }

    /** The line of each image: by the number in its name, or by order if there are as many. */
    private int[] places(List<String> lines, List<String> all) {
        int[] numbers = all.stream().mapToInt(ValLabels::number).toArray();
        if (Arrays.stream(numbers).allMatch(number -> number >= 1 && number <= lines.size())) {
            return Arrays.stream(numbers).map(number -> number - 1).toArray();
        }
        if (lines.size() != all.size()) {
            throw new UserError("%s has %d lines for %d images in %s, whose names don't count from 1"
                    .formatted(file, lines.size(), all.size(), FileNames.resolve(root, folder.folder())));
        }
        int[] order = new int[all.size()];
        Arrays.setAll(order, i -> i);
        return order;
    }

    private static int number(String image) {
        Matcher last = LAST_NUMBER.matcher(stem(image));
        return last.find() ? Integer.parseInt(last.group(1)) : -1;
    }

    private SampleIndex.FolderPart built() {
        List<Integer> classEnds = new ArrayList<>();
        List<Integer> nameEnds = new ArrayList<>();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        images.values().forEach(paths -> {
            paths.forEach(path -> {
                bytes.writeBytes(FileNames.bytes(path));
                nameEnds.add(bytes.size());
            });
            classEnds.add(nameEnds.size());
        });
        return new SampleIndex.FolderPart(
                folder.folder(),
                SampleIndex.Placement.LIST,
                List.copyOf(images.keySet()),
                classEnds.stream().mapToInt(Integer::intValue).toArray(),
                nameEnds.stream().mapToInt(Integer::intValue).toArray(),
                bytes.toByteArray());
    }
}
