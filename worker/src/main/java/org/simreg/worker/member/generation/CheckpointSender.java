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
 * The sender of a job's checkpoints to the coordinator, on a thread of its own while training goes
 * on. One is under way at a time: the next waits for it, so that at most two copies of the state
 * are in memory. While the coordinator is away it tries again, until a newer one is to be stored:
 * training doesn't wait for a coordinator that is away.
 */
final class CheckpointSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointSender.class);
    private static final int RETRY_MS = 300;

    private final String job;
    private final CheckpointStore checkpoints;
    private final ExecutorService thread = NamedThreads.one("simreg-checkpoint");
    private Future<Boolean> pending = CompletableFuture.completedFuture(true);
    private RetryPause retries = new RetryPause();
    private boolean cancelled;

    CheckpointSender(String job, CheckpointStore checkpoints) {
        this.job = job;
        this.checkpoints = checkpoints;
    }

    /** Begins to store a snapshot; waits for the one before, unless the coordinator is away. */
    void send(Snapshot snapshot, long generation) {
        endRetries();
        await();
        RetryPause next = newRetries();
        pending = thread.submit(() -> store(snapshot, generation, next));
    }

    private synchronized void endRetries() {
        retries.end();
    }

    private synchronized RetryPause newRetries() {
        if (!cancelled) {
            retries = new RetryPause();
        }
        return retries;
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

    private boolean store(Snapshot snapshot, long generation, RetryPause retries) throws IOException {
        // Length and checksum go ahead of the bytes, which are only made when they are sent.
        Checksum bytes = new Checksum();
        snapshot.writeTo(bytes);
        CheckpointHeader header = CheckpointHeader.newBuilder()
                .setJob(job)
                .setGeneration(generation)
                .setStep(snapshot.step())
                .setLength(bytes.length)
                .setCrc32C((int) bytes.crc.getValue())
                .setSha256(snapshot.sha256())
                .build();
        try {
            put(header, snapshot::writeTo, retries);
            return true;
        } catch (Abandoned e) {
            LOG.info("The checkpoint of step {} is not stored: {}", snapshot.step(), e.getMessage());
            return false;
        }
    }

    /** A stream that counts bytes and sums them up, and keeps none. */
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

    private void put(CheckpointHeader header, CheckpointStore.Content content, RetryPause retries) {
        boolean told = false;
        while (true) {
            try {
                checkpoints.put(header, content);
                return;
            } catch (Unreachable e) {
                if (!told) {
                    LOG.warn("{}; trying again until it works or a newer one is due", e.getMessage());
                    told = true;
                }
                retries.pause(RETRY_MS);
            }
        }
    }

    /** Gives up what is not stored yet; any thread may ask. */
    synchronized void cancel() {
        cancelled = true;
        retries.end();
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
