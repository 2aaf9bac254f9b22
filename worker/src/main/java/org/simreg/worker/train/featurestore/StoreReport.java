package org.simreg.worker.train.featurestore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;

/** A report for people on what the stores of a folder hold. */
public final class StoreReport {
    private StoreReport() {}

    /**
     * Reads every row of every store.
     *
     * @return lines, each with its end
     * @throws UserError if there are none, or they can't be read
     */
    public static String of(Path folder) {
        StringBuilder report = new StringBuilder();
        try {
            for (Path file : files(folder)) {
                try (FeatureStore store = FeatureStore.read(file)) {
                    append(report, file, store);
                }
            }
        } catch (IOException e) {
            throw new UserError("The stores in " + folder + " can't be read: " + Disk.reasonWithFile(e), e);
        }
        return report.toString();
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new UserError(folder + " is no folder; name the one of --cache-store");
        }
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> files = all.filter(file -> file.toString().endsWith(StoreFolder.ENDING))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new UserError("No teacher-N" + StoreFolder.ENDING + " lies in " + folder + "; fill one");
            }
            return files;
        }
    }

    private static void append(StringBuilder report, Path file, FeatureStore store) {
        StoreHeader.Shape shape = store.shape();
        line(report, "%s", file);
        store.key().parts().forEach((name, value) -> line(report, "  %-16s %s", name, value));
        line(
                report,
                "  %-16s %d x %s, %s when full",
                "row",
                shape.width(),
                shape.format().name().toLowerCase(Locale.ROOT),
                StoreFolder.size(shape.bytes()));
        for (int view = 0; view < shape.views(); view++) {
            int[] counts = counts(store, view);
            int damaged = counts[FeatureStore.Row.DAMAGED.ordinal()];
            line(
                    report,
                    "  %-16s %,d of %,d rows%s",
                    "view " + view,
                    counts[FeatureStore.Row.PRESENT.ordinal()],
                    shape.samples(),
                    damaged == 0 ? "" : ", %,d damaged, as if absent".formatted(damaged));
        }
    }

    private static int[] counts(FeatureStore store, int view) {
        int[] counts = new int[FeatureStore.Row.values().length];
        for (int sample = 0; sample < store.shape().samples(); sample++) {
            counts[store.check(view, sample).ordinal()]++;
        }
        return counts;
    }

    private static void line(StringBuilder report, String format, Object... values) {
        report.append(String.format(Locale.ROOT, format, values)).append(System.lineSeparator());
    }
}
