package org.simreg.coordinator.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.coordinator.api.BankView;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.ShardFile;
import org.simreg.worker.search.Shard;

/**
 * A bank of features: its record, and the objects that build or serve it now. Belongs to the search
 * thread.
 */
final class Bank {
    private final BankFolders folders;
    private final List<Consumer<Optional<BankStatus>>> watchers = new ArrayList<>();
    private BankRecord record;
    private Optional<Creation> creation = Optional.empty();
    private Optional<Serving> serving = Optional.empty();
    private Optional<Gathering> gathering = Optional.empty();
    private Optional<Names> names = Optional.empty();

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

    Optional<Creation> creation() {
        return creation;
    }

    Optional<Serving> serving() {
        return serving;
    }

    Optional<Gathering> gathering() {
        return gathering;
    }

    void create(Creation by) {
        creation = Optional.of(by);
    }

    void serve(Serving by, Gathering gathered) {
        creation = Optional.empty();
        serving = Optional.of(by);
        gathering = Optional.of(gathered);
        if (record.getNamed()) {
            names = Optional.of(Names.open(folders.names(record.getName())));
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
        serving.ifPresent(Serving::close);
        gathering.ifPresent(Gathering::close);
        names.ifPresent(Names::close);
    }
}
