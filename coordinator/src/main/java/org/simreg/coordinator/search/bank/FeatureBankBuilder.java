package org.simreg.coordinator.search.bank;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.simreg.proto.BankRecord;
import org.simreg.proto.FeatureSource;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.features.bankfile.BankOrigin;
import org.simreg.worker.features.bankfile.BankWriter;
import org.simreg.worker.features.bankfile.FeatureTable;

/**
 * The builder of one bank of features that others computed: writes its shards on the coordinator.
 */
final class FeatureBankBuilder {
    private final BankFolders folders;
    private final MemoryBudget budget;
    private final BooleanSupplier stop;
    private final Consumer<BankRecord> progress;

    /**
     * @param budget that the bank must fit in
     * @param stop true once the bank is deleted or has failed
     * @param progress takes the record after every shard
     */
    FeatureBankBuilder(BankFolders folders, MemoryBudget budget, BooleanSupplier stop, Consumer<BankRecord> progress) {
        this.folders = folders;
        this.budget = budget;
        this.stop = stop;
        this.progress = progress;
    }

    /**
     * Reads the features and writes the shards.
     *
     * @return the record with rows, classes and stored parts
     * @throws org.simreg.proto.UserError if a file can't be read or used, or the bank takes too much memory
     * @throws Abandoned if told to stop
     */
    BankRecord make(BankRecord record, int parts) {
        FeatureSource source = record.getSource().getFeatures();
        try (FeatureTable features = FeatureTable.open(Path.of(source.getFeatures()))) {
            BankRecord.Builder made = record.toBuilder()
                    .clearParts()
                    .clearClasses()
                    .setRows(features.rows())
                    .setDimension(features.dimension());
            budget.require(made.build());
            BankBuilder.cut(made, features.rows(), parts);
            made.addAllClasses(RowLabels.classes(source.getLabels(), features.rows()));
            names(source, features.rows(), made);
            try (RowLabels labels = RowLabels.open(source.getLabels(), made.getClassesList())) {
                for (int part = 0; part < made.getPartsCount(); part++) {
                    write(made, part, features, labels);
                    progress.accept(made.build());
                }
            }
            return made.build();
        }
    }

    private void write(BankRecord.Builder made, int part, FeatureTable features, RowLabels labels) {
        Path file = folders.shard(made.getName(), part);
        BankRecord.Part.Builder into = made.getPartsBuilder(part);
        BankOrigin.ShardMark mark = new BankOrigin.ShardMark(made.getName(), made.getVersion(), part);
        BankWriter.write(file, features.dimension(), mark.origin("", ""), bank -> {
            int first = (int) into.getFirstId();
            int end = first + into.getRows();
            int atOnce = features.rowsAtOnce();
            for (int from = first; from < end; from += atOnce) {
                requireWanted();
                int to = Math.min(end, from + atOnce);
                bank.add(LongStream.range(from, to).toArray(), labels.next(to - from), features.next(to - from));
            }
        });
        into.setLength(Disk.read(file, () -> Files.size(file))).setSha256(sha256(file));
    }

    private void requireWanted() {
        if (stop.getAsBoolean()) {
            throw new Abandoned("the bank is not wanted any more");
        }
    }

    private void names(FeatureSource source, int rows, BankRecord.Builder made) {
        if (source.getFiles().isEmpty()) {
            return;
        }
        try (RowLines lines = RowLines.open(Path.of(source.getFiles()), rows)) {
            BankNames.write(folders.names(made.getName()), rows, id -> {
                requireWanted();
                return lines.next();
            });
            lines.requireEnd();
        }
        made.setNamed(true);
    }

    static String sha256(Path file) {
        return Disk.read(file, () -> Sha256.of(file));
    }
}
