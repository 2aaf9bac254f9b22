package org.simreg.coordinator.search.bank;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.UserError;
import org.simreg.worker.features.bankfile.BankFile;
import org.simreg.worker.features.bankfile.BankLayout;
import org.simreg.worker.features.table.TableRows;

/** The rows of a bank's folder as a table, shard after shard: unit rows, as a bank keeps them. */
public final class BankTable implements TableRows, AutoCloseable {
    private final BankRecord record;
    private final Optional<BankNames> names;
    private final List<BankFile> shards = new ArrayList<>();
    private final int[] ends;

    private BankTable(BankRecord record, Optional<BankNames> names, List<BankFile> shards) {
        this.record = record;
        this.names = names;
        this.shards.addAll(shards);
        ends = new int[shards.size()];
        int end = 0;
        for (int i = 0; i < ends.length; i++) {
            end = Math.addExact(end, shards.get(i).size());
            ends[i] = end;
        }
    }

    /**
     * Opens a bank and checks all of its rows.
     *
     * @param folder of one bank, such as {@code HOME/banks/photos}
     * @throws UserError if there is no bank, or it isn't whole
     */
    public static BankTable open(Path folder) {
        Path home = folder.toAbsolutePath().normalize();
        if (!Files.exists(home.resolve(BankFolders.RECORD))) {
            throw new UserError(
                    "%s is no folder of a bank: it has no %s; name HOME/banks/NAME of a coordinator's home, or DIR/NAME of --banks DIR"
                            .formatted(folder, BankFolders.RECORD));
        }
        BankRecord record = BankFolders.read(home);
        if (record.getState() == BankStatus.State.CREATING || record.getState() == BankStatus.State.FAILED) {
            throw new UserError("The bank %s is not whole: %s; wait for it, or make it again"
                    .formatted(
                            record.getName(), record.getReason().isEmpty() ? "it is being made" : record.getReason()));
        }
        BankFolders folders = new BankFolders(home.getParent());
        List<BankFile> shards = new ArrayList<>();
        for (int i = 0; i < record.getPartsCount(); i++) {
            BankFile shard = BankFile.open(folders.shard(record.getName(), i));
            int blocks = (shard.size() + BankLayout.BLOCK - 1) / BankLayout.BLOCK;
            for (int block = 0; block < blocks; block++) {
                shard.check(block);
            }
            shards.add(shard);
        }
        Optional<BankNames> names =
                record.getNamed() ? Optional.of(BankNames.open(folders.names(record.getName()))) : Optional.empty();
        return new BankTable(record, names, shards);
    }

    private int shard(int row) {
        int shard = 0;
        while (row >= ends[shard]) {
            shard++;
        }
        return shard;
    }

    private int within(int row, int shard) {
        return shard == 0 ? row : row - ends[shard - 1];
    }

    @Override
    public int size() {
        return ends.length == 0 ? 0 : ends[ends.length - 1];
    }

    @Override
    public int dimension() {
        return record.getDimension();
    }

    @Override
    public String name(int row) {
        int shard = shard(row);
        long id = shards.get(shard).id(within(row, shard));
        return names.map(all -> all.of(id)).orElse(String.valueOf(id));
    }

    @Override
    public String className(int row) {
        int shard = shard(row);
        int label = shards.get(shard).label(within(row, shard));
        return label >= 0 && label < record.getClassesCount() ? record.getClasses(label) : "";
    }

    @Override
    public String split(int row) {
        return record.getSource().hasImages()
                ? record.getSource().getImages().getSplit().name().toLowerCase(Locale.ROOT)
                : "";
    }

    @Override
    public void copy(int row, float[] into) {
        int shard = shard(row);
        shards.get(shard).copy(within(row, shard), into, 0);
    }

    @Override
    public void close() {
        names.ifPresent(BankNames::close);
    }
}
