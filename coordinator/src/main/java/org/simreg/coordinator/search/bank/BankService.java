package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.simreg.coordinator.search.query.VectorQuery;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.ShardFile;
import org.simreg.proto.UserError;
import org.simreg.proto.Vectors;
import org.simreg.worker.features.search.TopK;

/**
 * The banks as clients and workers use them: the port between gRPC and the banks. Its methods are called on the
 * banks' thread, {@code simreg-banks}, but for {@link #view} and {@link #views}; they throw {@code Refused}, and the
 * stages that they return fail with it.
 */
public interface BankService {
    /** A snapshot of a bank, if there is one; any thread. */
    Optional<BankView> view(String name);

    /** Snapshots of all banks; any thread. */
    Collection<BankView> views();

    /**
     * Begins to make a bank.
     *
     * @return fails with {@code Refused}, or with {@link UserError} if its files lie where they may not
     */
    CompletionStage<BankStatus> create(CreateBankRequest request);

    /** All banks, by name. */
    List<BankStatus> list();

    /** A bank's state. */
    BankStatus describe(String name);

    /** Deletes a bank with its files. */
    void delete(String name);

    /**
     * Watches a bank.
     *
     * @param watcher takes the status now and at every change; nothing once it is deleted
     * @return ends it
     */
    Runnable watch(String name, Consumer<Optional<BankStatus>> watcher);

    /** The neighbours of all queries, from all shards. */
    CompletionStage<TopK> search(String name, VectorQuery query);

    /**
     * Features of images, embedded as a bank's were.
     *
     * @param until deadline in nanoseconds of {@link System#nanoTime}
     */
    CompletionStage<Vectors> embed(ImageQuery query, long until);

    /** The file of a stored shard. */
    Path shard(ShardFile asked);

    /** A new file for a shard that a worker sends. */
    Path draft(ShardFile sent);

    /** Moves a shard that was written and checked to its place. */
    ShardFile stored(ShardFile sent, Path draft);
}
