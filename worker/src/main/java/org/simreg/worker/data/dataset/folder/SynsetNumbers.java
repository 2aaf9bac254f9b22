package org.simreg.worker.data.dataset.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.TextLines;

/**
 * The mapping from ILSVRC class ids (1 to N of ImageNet's development kit) to WordNet synset ids: from its {@code
 * meta.mat}, or {@code map_clsloc.txt} of later kits, beside the ground truth or in a folder {@code data} there.
 */
final class SynsetNumbers {
    private static final String META = "meta.mat";
    private static final String MAP = "map_clsloc.txt";

    private static final String NAMES = "give the names of class folders in place of the numbers";
    private static final Pattern SYNSET = Pattern.compile("n\\d+");

    private SynsetNumbers() {}

    /** The kit's synsets by number, of which a list's must be some. */
    private static Map<Integer, String> ofKit(IntSummaryStatistics range, Path groundTruth, Path kit) {
        Map<Integer, String> synsets = read(kit);
        for (int number : List.of(range.getMin(), range.getMax())) {
            if (!synsets.containsKey(number)) {
                throw new UserError(
                        "%s has the class number %d, and ImageNet's development kit has 1 to %d: it counts otherwise; give lines of an image's name and the name of its class folder"
                                .formatted(groundTruth, number, synsets.size()));
            }
        }
        return synsets;
    }

    /**
     * The classes that the numbers in a list stand for.
     *
     * @param names classes by number
     * @param first of the numbers where they are places in name order; empty where they are the development kit's
     */
    record Meaning(Map<Integer, String> names, OptionalInt first) {
        private static Meaning places(List<String> classes, int first) {
            Map<Integer, String> names = new HashMap<>();
            classes.forEach(name -> names.put(names.size() + first, name));
            return new Meaning(names, OptionalInt.of(first));
        }
    }

    /**
     * What the numbers in a list mean: the kit's, where its file lies beside; else places in name order, from 0 if 0
     * is among them, from 1 if the number of classes is.
     *
     * @param classes train's, in name order
     * @param alone whether the list has numbers and nothing else, as the kit's
     * @throws UserError if the numbers could mean this or that, or nothing
     */
    static Meaning of(Collection<String> numbers, List<String> classes, Path list, boolean alone) {
        IntSummaryStatistics range =
                numbers.stream().mapToInt(Integer::parseInt).summaryStatistics();
        int count = classes.size();
        boolean synsets = classes.stream().allMatch(name -> SYNSET.matcher(name).matches());
        Optional<Path> kit = beside(list);
        if (synsets && kit.isPresent() && (alone || range.getMin() > 0)) {
            return new Meaning(ofKit(range, list, kit.get()), OptionalInt.empty());
        } else if (range.getMin() == 0 && range.getMax() < count) {
            return Meaning.places(classes, 0);
        } else if (!classes.isEmpty() && (range.getMin() == 0 || range.getMax() > count)) {
            throw new UserError("%s has class numbers from %d to %d, which can't be places among train's %d classes; %s"
                    .formatted(list, range.getMin(), range.getMax(), count, NAMES));
        } else if (synsets) {
            throw new UserError(
                    "%s has numbers of classes, and the development kit's %s, which says what they mean, isn't beside it; put it there, or %s"
                            .formatted(list, META, NAMES));
        } else if (range.getMax() == count) {
            return Meaning.places(classes, 1);
        }
        throw new UserError(
                "%s has class numbers from %d to %d, which may count train's %d classes from 0 or from 1; %s"
                        .formatted(list, range.getMin(), range.getMax(), count, NAMES));
    }

    /** The kit's file of numbers, if it lies beside a list. */
    private static Optional<Path> beside(Path groundTruth) {
        Path folder = groundTruth.toAbsolutePath().getParent();
        Path above = folder.getParent() == null ? folder : folder.getParent();
        return Stream.of(folder, folder.resolve("data"), above)
                .flatMap(place -> Stream.of(place.resolve(META), place.resolve(MAP)))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /**
     * Synsets by number.
     *
     * @throws UserError if the kit's file can't be read
     */
    private static Map<Integer, String> read(Path file) {
        try {
            Map<Integer, String> synsets = file.endsWith(META) ? meta(file) : map(file);
            if (synsets.isEmpty()) {
                throw new UserError(file + " has no synsets; take the file of ImageNet's development kit");
            }
            return synsets;
        } catch (IOException e) {
            throw new UserError("%s can't be read (%s)".formatted(file, e.getMessage()), e);
        }
    }

    private static Map<Integer, String> map(Path file) throws IOException {
        Map<Integer, String> synsets = new HashMap<>();
        for (String line : TextLines.read(file)) {
            String[] cells = line.split("\\s+");
            if (cells.length > 1 && cells[1].matches("\\d{1,6}")) {
                synsets.put(Integer.valueOf(cells[1]), cells[0]);
            }
        }
        return synsets;
    }

    private static Map<Integer, String> meta(Path file) throws IOException {
        Map<String, List<Object>> fields = MatFile.struct(file, "synsets");
        List<Object> numbers = fields.getOrDefault("ILSVRC2012_ID", List.of());
        List<Object> names = fields.getOrDefault("WNID", List.of());
        Map<Integer, String> synsets = new HashMap<>();
        for (int i = 0; i < Math.min(numbers.size(), names.size()); i++) {
            if (numbers.get(i) instanceof Double number && names.get(i) instanceof String name) {
                synsets.put(number.intValue(), name);
            }
        }
        return synsets;
    }
}
