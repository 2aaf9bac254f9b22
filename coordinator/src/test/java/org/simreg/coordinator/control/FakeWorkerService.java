package org.simreg.coordinator.control;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;
import org.simreg.proto.Welcome;
import org.simreg.worker.base.io.Disk;

/** A fake worker service that records what workers report and how they leave. */
public final class FakeWorkerService implements WorkerService {
    public final List<String> heard = new ArrayList<>();
    public final List<Out> lines = new ArrayList<>();
    public final List<Arriving> uploads = new ArrayList<>();

    /** How often any worker was heard. */
    public final AtomicInteger alive = new AtomicInteger();

    public Path stored;
    public long storedLength;

    @Override
    public In attend(Hello hello, Out line) {
        if (!hello.getVersion().equals("1")) {
            throw new Refused(Refused.Kind.STATE, "Version " + hello.getVersion() + " is not 1");
        }
        if (heard.contains("hello " + hello.getWorker())) {
            throw new Refused(Refused.Kind.EXISTS, "A worker " + hello.getWorker() + " attends");
        }
        heard.add("hello " + hello.getWorker());
        lines.add(line);
        line.send(Order.newBuilder()
                .setWelcome(Welcome.newBuilder().setHeartbeatMs(250))
                .build());
        return new In() {
            @Override
            public void report(Report report) {
                if (report.hasTrained()) {
                    throw new Refused(Refused.Kind.INVALID, "Nothing was trained");
                }
                heard.add(
                        report.hasTold()
                                ? "told " + report.getTold().getText()
                                : report.getReportCase().name());
            }

            @Override
            public void heard() {
                alive.incrementAndGet();
            }

            @Override
            public void lost(String reason) {
                heard.add("lost " + hello.getWorker() + ": " + reason);
            }
        };
    }

    /** A checkpoint in memory, whose writing can be held up. */
    public static final class Arriving implements Upload {
        public final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        public final Semaphore writes = new Semaphore(0);
        final CheckpointHeader header;
        public final AtomicInteger asked = new AtomicInteger();
        public volatile boolean closed;
        public volatile boolean kept;
        public volatile String thread = "";

        Arriving(CheckpointHeader header) {
            this.header = header;
        }

        @Override
        public void write(ByteBuffer part) {
            asked.incrementAndGet();
            thread = Thread.currentThread().getName();
            writes.acquireUninterruptibly();
            if (header.getGeneration() == 14) {
                Disk.write(Path.of("step-14.tmp"), () -> {
                    throw new FileSystemException("step-14.tmp", null, "Too many open files");
                });
            }
            byte[] copy = new byte[part.remaining()];
            part.get(copy);
            bytes.writeBytes(copy);
        }

        @Override
        public void finish() {
            if (bytes.size() != header.getLength()) {
                String what = bytes.size() + " bytes of " + header.getLength() + " came";
                throw new Refused(Refused.Kind.DAMAGED, what);
            }
        }

        @Override
        public CompletionStage<CheckpointWritten> store() {
            if (header.getGeneration() == 13) {
                throw new Refused(Refused.Kind.STATE, "Generation 13 is superseded by now");
            }
            kept = true;
            return CompletableFuture.completedFuture(
                    CheckpointWritten.newBuilder().setStep(header.getStep()).build());
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Override
    public Upload put(CheckpointHeader header) {
        if (header.getGeneration() == 0) {
            throw new Refused(Refused.Kind.STATE, "Generation 0 is superseded");
        }
        Arriving upload = new Arriving(header);
        uploads.add(upload);
        return upload;
    }

    @Override
    public CompletionStage<Download> checkpoint(String job, long step) {
        if (stored == null) {
            throw new Refused(Refused.Kind.UNKNOWN, "There is no checkpoint of step " + step);
        }
        CheckpointHeader header = CheckpointHeader.newBuilder()
                .setJob(job)
                .setStep(step)
                .setLength(storedLength)
                .build();
        return CompletableFuture.completedFuture(new Download(header, stored));
    }
}
