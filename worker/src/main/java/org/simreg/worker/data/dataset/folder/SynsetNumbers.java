package org.simreg.worker.data.dataset.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.TextLines;

/**
 * The numbers that ImageNet's development kit gives to synsets, which are in no order of names: from its {@code
 * meta.mat}, or {@code map_clsloc.txt} of later kits, beside the ground truth or in a folder {@code data} there.
 */
final class SynsetNumbers {
    private static final String META = "meta.mat";
    private static final String MAP = "map_clsloc.txt";

    private SynsetNumbers() {}

    /**
     * The synsets of lines with a number each.
     *
     * @throws UserError if a number is none of the kit's: they would be counted otherwise
     */
    static List<String> named(List<String> numbers, Path groundTruth) {
        Map<Integer, String> synsets = beside(groundTruth);
        return numbers.stream()
                .map(number -> Optional.ofNullable(synsets.get(Integer.valueOf(number)))
                        .orElseThrow(() -> new UserError(
                                "%s has the class number %s, and ImageNet's development kit has 1 to %d: it counts otherwise; give lines of an image's name and the name of its class folder"
                                        .formatted(groundTruth, number, synsets.size()))))
                .toList();
    }

    /**
     * Synsets by number.
     *
     * @throws UserError if none of the kit's files is there, or it can't be read
     */
    private static Map<Integer, String> beside(Path groundTruth) {
        Path folder = groundTruth.toAbsolutePath().getParent();
        Path above = folder.getParent() == null ? folder : folder.getParent();
        Path file = Stream.of(folder, folder.resolve("data"), above)
                .flatMap(place -> Stream.of(place.resolve(META), place.resolve(MAP)))
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new UserError(
                        "%s has numbers of classes, and the development kit's %s, which says what they mean, isn't beside it; put it there"
                                .formatted(groundTruth, META)));
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
