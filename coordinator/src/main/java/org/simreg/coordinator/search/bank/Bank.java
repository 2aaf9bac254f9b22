package org.simreg.coordinator.search.bank;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.coordinator.search.query.QueryBatcher;
import org.simreg.coordinator.search.query.ShardHolders;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.ShardFile;
import org.simreg.worker.features.search.Shard;

/**
 * A bank of features: its record, and the objects that build or serve it now. Belongs to the search
 * thread.
 */
final class Bank {
    private final BankFolders folders;
    private final List<Consumer<Optional<BankStatus>>> watchers = new ArrayList<>();
    private BankRecord record;
    private Optional<ImageBankBuilder> creation = Optional.empty();
    private Optional<ShardHolders> serving = Optional.empty();
    private Optional<QueryBatcher> gathering = Optional.empty();
    private Optional<BankNames> names = Optional.empty();

    /** True once nobody wants it; read by the threads that make it. */
    private volatile boolean deleted;

    Bank(BankFolders folders, BankRecord record) {
        this.folders = folders;
        this.record = record;
    }

    BankRecord record() {
        return record;
    }

    /** Keeps a change. */
    void save(BankRecord changed) {
        folders.save(changed);
        record = changed;
        creation.ifPresent(made -> made.record(changed));
    }

    /** Takes a change that is not worth a write: another one follows. */
    void note(BankRecord changed) {
        record = changed;
    }

    boolean deleted() {
        return deleted;
    }

    Optional<ImageBankBuilder> creation() {
        return creation;
    }

    Optional<ShardHolders> serving() {
        return serving;
    }

    Optional<QueryBatcher> gathering() {
        return gathering;
    }

    void create(ImageBankBuilder by) {
        creation = Optional.of(by);
    }

    void serve(ShardHolders by, QueryBatcher gathered) {
        creation = Optional.empty();
        serving = Optional.of(by);
        gathering = Optional.of(gathered);
        if (record.getNamed()) {
            names = Optional.of(BankNames.open(folders.names(record.getName())));
        }
    }

    void fail() {
        creation = Optional.empty();
    }

    BankView view() {
        return new BankView(record, names.map(file -> file::of));
    }

    ShardFile shard(int part) {
        BankRecord.Part one = record.getParts(part);
        return ShardFile.newBuilder()
                .setBank(record.getName())
                .setVersion(record.getVersion())
                .setShard(part)
                .setPath(folders.shard(record.getName(), part).toString())
                .setLength(one.getLength())
                .setSha256(one.getSha256())
                .setRows(one.getRows())
                .setDimension(record.getDimension())
                .build();
    }

    BankStatus status() {
        BankStatus.Builder status =
                BankStatus.newBuilder()
                        .setName(record.getName())
                        .setVersion(record.getVersion())
                        .setState(record.getState())
                        .setReason(record.getReason())
                        .setSource(record.getSource())
                        .setRows(record.getRows())
                        .setDimension(record.getDimension())
                        .setClasses(record.getClassesCount())
                        .setReplicas(record.getReplicas())
                        .setWeightsSha256(record.getWeightsSha256())
                        .setView(record.getView())
                        .setCreatedMs(record.getCreatedMs())
                        .setBytesARow(Shard.bytes(1, record.getDimension()));
        long stored = 0;
        for (int part = 0; part < record.getPartsCount(); part++) {
            BankRecord.Part one = record.getParts(part);
            stored += one.getSha256().isEmpty() ? 0 : one.getRows();
            status.addShardsBuilder()
                    .setShard(part)
                    .setFirstId(one.getFirstId())
                    .setRows(one.getRows())
                    .setBytes(one.getLength());
        }
        status.setRowsDone(stored);
        creation.ifPresent(made -> made.describe(status));
        serving.ifPresent(
                by -> {
                    by.describe(status);
                    if (by.missing() > 0) {
                        String why = by.trouble().isEmpty() ? "" : ": " + by.trouble();
                        status.setReason(by.missing() + " shards wait to be opened" + why);
                    }
                });
        return status.build();
    }

    void watch(Consumer<Optional<BankStatus>> watcher) {
        watchers.add(watcher);
    }

    void unwatch(Consumer<Optional<BankStatus>> watcher) {
        watchers.remove(watcher);
    }

    /** Tells those who watch. */
    void tell() {
        Optional<BankStatus> now = deleted ? Optional.empty() : Optional.of(status());
        List.copyOf(watchers).forEach(watcher -> watcher.accept(now));
    }

    void delete() {
        deleted = true;
        close();
        tell();
    }

    void close() {
        serving.ifPresent(ShardHolders::close);
        gathering.ifPresent(QueryBatcher::close);
        names.ifPresent(BankNames::close);
    }
}
