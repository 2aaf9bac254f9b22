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
import org.simreg.proto.UserError;
import org.simreg.worker.features.search.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bank of features: its record, and the objects that build or serve it now. Belongs to the banks'
 * thread.
 */
final class Bank {
    private static final Logger LOG = LoggerFactory.getLogger(Bank.class);

    private final BankFolders folders;
    private final List<Consumer<Optional<BankStatus>>> watchers = new ArrayList<>();
    private BankRecord record;
    private Optional<ImageBankBuilder> builder = Optional.empty();
    private Optional<ShardHolders> holders = Optional.empty();
    private Optional<QueryBatcher> batcher = Optional.empty();
    private Optional<BankNames> names = Optional.empty();

    private Runnable cancelMaking = () -> {};

    /** Read by the threads that build it. */
    private volatile boolean deleted;

    private volatile boolean failed;

    Bank(BankFolders folders, BankRecord record) {
        this.folders = folders;
        this.record = record;
    }

    BankRecord record() {
        return record;
    }

    /** Takes a changed record and keeps it on the disk. */
    void save(BankRecord changed) {
        folders.save(changed);
        record = changed;
        builder.ifPresent(images -> images.record(changed));
    }

    /** Takes a changed record that is not worth a write: another one follows. */
    void update(BankRecord changed) {
        record = changed;
    }

    boolean deleted() {
        return deleted;
    }

    /** Whether it is neither deleted nor failed; any thread may ask. */
    boolean isWanted() {
        return !deleted && !failed;
    }

    /** Takes what ends the making of its files. */
    void making(Runnable cancel) {
        cancelMaking = cancel;
    }

    Optional<ImageBankBuilder> builder() {
        return builder;
    }

    Optional<ShardHolders> holders() {
        return holders;
    }

    Optional<QueryBatcher> batcher() {
        return batcher;
    }

    void build(ImageBankBuilder images) {
        builder = Optional.of(images);
    }

    void serve(ShardHolders shards, QueryBatcher queries) {
        if (record.getNamed()) {
            names = Optional.of(BankNames.open(folders.names(record.getName())));
        }
        builder = Optional.empty();
        holders = Optional.of(shards);
        batcher = Optional.of(queries);
    }

    /**
     * Ends what was begun. Where the record can't be saved, the bank fails in this process only.
     *
     * @param reason one sentence
     */
    void fail(String reason) {
        failed = true;
        builder = Optional.empty();
        BankRecord changed = record.toBuilder()
                .setState(BankStatus.State.FAILED)
                .setReason(reason)
                .clearEndedMakings()
                .build();
        record = changed;
        try {
            folders.save(changed);
        } catch (UserError e) {
            LOG.warn("That the bank {} has failed can't be kept", record.getName(), e);
        }
    }

    /** Sets aside a bank that can't be served, until the next start; its record stays as it is. */
    void setAside(String reason) {
        failed = true;
        record = record.toBuilder()
                .setState(BankStatus.State.FAILED)
                .setReason(reason)
                .build();
    }

    BankView view() {
        return new BankView(record, names.map(BankView.Naming.class::cast));
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
        BankStatus.Builder status = BankStatus.newBuilder()
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
        long leftOut = 0;
        for (int part = 0; part < record.getPartsCount(); part++) {
            BankRecord.Part one = record.getParts(part);
            stored += one.getSha256().isEmpty() ? 0 : one.getRows();
            leftOut += one.getLeftOut();
            status.addShardsBuilder()
                    .setShard(part)
                    .setFirstId(one.getFirstId())
                    .setRows(one.getRows())
                    .setBytes(one.getLength());
        }
        status.setRowsDone(stored)
                .setLeftOut(leftOut)
                .addAllBroken(record.getBrokenList())
                .addAllNotes(record.getNotesList());
        builder.ifPresent(images -> images.describe(status));
        holders.ifPresent(shards -> {
            shards.describe(status);
            if (shards.missing() > 0) {
                String why = shards.trouble().isEmpty() ? "" : ": " + shards.trouble();
                String wait = shards.missing() == 1 ? "1 shard waits" : shards.missing() + " shards wait";
                status.setReason(wait + " to be opened" + why);
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

    void notifyWatchers() {
        Optional<BankStatus> now = deleted ? Optional.empty() : Optional.of(status());
        List.copyOf(watchers).forEach(watcher -> watcher.accept(now));
    }

    void delete() {
        deleted = true;
        cancelMaking.run();
        close();
        notifyWatchers();
    }

    void close() {
        holders.ifPresent(ShardHolders::close);
        batcher.ifPresent(QueryBatcher::close);
        names.ifPresent(BankNames::close);
    }
}
