package org.simreg.worker.member.generation;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.zip.CRC32C;
import org.simreg.proto.CheckpointHeader;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.concurrent.RetryPause;
import org.simreg.worker.member.generation.CheckpointStore.Unreachable;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores checkpoints with the coordinator, on a thread of its own while training goes on. One is
 * under way at a time: the next waits for it, so that at most two copies of the state are in
 * memory. While the coordinator is away it tries again, until a newer one is to be stored: training
 * waits for nobody who is away.
 */
final class CheckpointSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointSender.class);
    private static final int RETRY_MS = 300;

    private final String job;
    private final CheckpointStore road;
    private final ExecutorService thread = NamedThreads.one("simreg-checkpoint");
    private Future<Boolean> pending = CompletableFuture.completedFuture(true);
    private RetryPause patience = new RetryPause();
    private boolean cancelled;

    CheckpointSender(String job, CheckpointStore road) {
        this.job = job;
        this.road = road;
    }

    /** Begins to store; waits for the one before, unless the coordinator is away. */
    void write(Snapshot snapshot, long generation) {
        hurry();
        await();
        RetryPause next = renewed();
        pending = thread.submit(() -> store(snapshot, generation, next));
    }

    private synchronized void hurry() {
        patience.end();
    }

    private synchronized RetryPause renewed() {
        if (!cancelled) {
            patience = new RetryPause();
        }
        return patience;
    }

    /**
     * Waits for the one under way.
     *
     * @return whether it is stored; false if its generation is superseded, or it was given up
     * @throws RuntimeException if it could not be written
     */
    boolean await() {
        try {
            return pending.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted while a checkpoint was stored");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new IllegalStateException("a checkpoint could not be stored", e.getCause());
        }
    }

    private boolean store(Snapshot snapshot, long generation, RetryPause patience)
            throws IOException {
        // Length and checksum go ahead of the bytes, which are only made when they are sent.
        Checksum bytes = new Checksum();
        snapshot.writeTo(bytes);
        CheckpointHeader header =
                CheckpointHeader.newBuilder()
                        .setJob(job)
                        .setGeneration(generation)
                        .setStep(snapshot.step())
                        .setLength(bytes.length)
                        .setCrc32C((int) bytes.crc.getValue())
                        .setSha256(snapshot.sha256())
                        .build();
        try {
            put(header, snapshot::writeTo, patience);
            return true;
        } catch (Abandoned e) {
            LOG.info(
                    "The checkpoint of step {} is not stored: {}", snapshot.step(), e.getMessage());
            return false;
        }
    }

    /** Counts bytes and sums them up, and keeps none. */
    private static final class Checksum extends OutputStream {
        private final CRC32C crc = new CRC32C();
        private long length;

        @Override
        public void write(int value) {
            crc.update(value);
            length++;
        }

        @Override
        public void write(byte[] bytes, int offset, int count) {
            crc.update(bytes, offset, count);
            length += count;
        }
    }

    private void put(
            CheckpointHeader header, CheckpointStore.Content content, RetryPause patience) {
        boolean told = false;
        while (true) {
            try {
                road.put(header, content);
                return;
            } catch (Unreachable e) {
                if (!told) {
                    LOG.warn(
                            "{}; trying again until it works or a newer one is due",
                            e.getMessage());
                    told = true;
                }
                patience.pause(RETRY_MS);
            }
        }
    }

    /** Gives up what is not stored yet; any thread may ask. */
    synchronized void cancel() {
        cancelled = true;
        patience.end();
    }

    /** Waits for the one under way; how it ended no longer matters. */
    @Override
    public void close() {
        cancel();
        thread.shutdown();
        try {
            pending.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            LOG.debug("The last checkpoint was not stored", e.getCause());
        }
    }
}
