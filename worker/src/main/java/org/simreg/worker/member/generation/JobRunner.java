package org.simreg.worker.member.generation;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Halt;
import org.simreg.proto.Help;
import org.simreg.proto.Holding;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Prepare;
import org.simreg.proto.Ready;
import org.simreg.proto.Report;
import org.simreg.proto.Suspected;
import org.simreg.proto.Told;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.BrokenDevice;
import org.simreg.proto.UserError.NotHere;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.InterruptibleCall;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.DecodeMarks;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.base.io.Shortage;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.exchange.ahead.FeatureMaker;
import org.simreg.worker.exchange.ahead.HelperLoop;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.train.LoadedJob;
import org.simreg.worker.train.TrainingLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * The runner of one job on one worker: loads the job, then runs one {@link GenerationRun} after the
 * other, on a thread of its own because a step is seconds of native code. Orders may come from any
 * thread.
 */
public final class JobRunner {
    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);

    private final Prepare prepare;
    private final WorkerContext workerContext;
    private final WorkerContext.ReportSink reports;
    private final BlockingQueue<Runnable> generations = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    /** Images that a process was decoding when it ended, as the coordinator has told. */
    private final Set<String> suspects = ConcurrentHashMap.newKeySet();

    private final InterruptibleCall loading = new InterruptibleCall();
    private long newest;
    private boolean dropped;
    private boolean preparing = true;
    private long attempt;
    private boolean failed;
    private GenerationRun current;
    private Help lastHelp = Help.getDefaultInstance();
    private HelperLoop helping;
    private Halt lastHalt = Halt.getDefaultInstance();
    private LoadedJob loadedJob;
    private JobStarted started;
    private String dataSha256;
    private CheckpointSender sender;

    public JobRunner(Prepare prepare, WorkerContext workerContext, WorkerContext.ReportSink reports) {
        this.prepare = prepare;
        this.workerContext = workerContext;
        this.reports = reports;
        attempt = prepare.getAttempt();
    }

    public void start() {
        NamedThreads.thread("simreg-step", this::work).start();
    }

    public String job() {
        return prepare.getJob();
    }

    /** Done once everything is released. */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    /** Is ordered again to prepare: only the last attempt is answered. */
    public synchronized void prepare(long attempt) {
        this.attempt = attempt;
        if (!preparing && !failed) {
            sayReady();
        }
    }

    /** Begins a generation when the one before has ended; an old one is passed over. */
    public synchronized void begin(Generation generation) {
        if (generation.getNumber() > newest && !dropped) {
            newest = generation.getNumber();
            if (current != null) {
                current.drop("superseded by generation " + newest);
            }
            stopHelping();
            generations.add(() -> run(generation));
        }
    }

    /** A halt may come before its generation has begun here. */
    public synchronized void halt(Halt order) {
        lastHalt = order;
        if (current != null) {
            current.halt(order);
        }
    }

    /** A measurement is on the coordinator's disk. */
    public synchronized void acknowledged(Measurement measured) {
        if (current != null) {
            current.acknowledged(measured);
        }
    }

    /**
     * Takes who helps whom from now on: connects with the helpers, or begins to help, or ends both. An old order is
     * passed over.
     */
    public synchronized void help(Help order) {
        if (order.getNumber() <= lastHelp.getNumber() || dropped || preparing || failed) {
            return;
        }
        lastHelp = order;
        stopHelping();
        PeerTransport transport = workerContext.transports().get(order.getTransport());
        Optional<LoadedJob.Help> ends = loadedJob.help();
        ends.ifPresent(with -> with.inbox().connect(order, workerContext.worker(), transport));
        boolean helps = order.getHelpersList().stream()
                .anyMatch(helper -> helper.getWorker().equals(workerContext.worker()));
        if (helps && ends.isPresent()) {
            generations.add(() -> runHelp(order, transport, ends.get().maker()));
        }
    }

    private void stopHelping() {
        if (helping != null) {
            helping.stop();
        }
    }

    private void runHelp(Help order, PeerTransport transport, FeatureMaker maker) {
        synchronized (this) {
            if (dropped || order != lastHelp || !generations.isEmpty()) {
                return;
            }
            helping = new HelperLoop(order, workerContext.worker(), transport, maker);
        }
        LOG.info("{} helps {} members", job(), order.getMembersCount());
        try (HelperLoop loop = helping) {
            loop.run();
        } finally {
            synchronized (this) {
                helping = null;
            }
        }
    }

    /** Gives the job up; a step under way is abandoned. */
    public synchronized void drop() {
        dropped = true;
        loading.interrupt();
        if (current != null) {
            current.drop("the job was given up");
        }
        if (sender != null) {
            sender.cancel();
        }
        stopHelping();
        generations.add(() -> {});
    }

    /** What this worker holds, for its Hello; empty if nothing can go on. */
    public synchronized Optional<Holding> holding() {
        Holding.Builder holding = Holding.newBuilder().setJob(job()).setPreparing(preparing);
        if (current != null) {
            holding.setGeneration(current.number())
                    .setCommitted(current.committed())
                    .setHalted(current.halted());
        }
        return failed || dropped ? Optional.empty() : Optional.of(holding.build());
    }

    private synchronized boolean isDropped() {
        return dropped;
    }

    private void work() {
        MDC.put("worker", workerContext.worker());
        MDC.put("job", job());
        reportLeft();
        try (CheckpointSender opened = new CheckpointSender(job(), workerContext.checkpoints());
                LoadedJob loaded = loaded()) {
            ready(loaded, opened);
            while (!isDropped()) {
                generations.take().run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            fail(e);
        } finally {
            ended.complete(null);
        }
    }

    @SuppressWarnings("try") // the mark is there for others to see
    private LoadedJob loaded() {
        try (Notices.Decoding mark =
                workerContext.jobs().marks().map(marks -> marks.loading(job())).orElse(Notices.Decoding.UNMARKED)) {
            LoadedJob loaded = workerContext.jobs().opener().open(prepare.getSettings(), notices());
            try {
                if (prepare.getJoins()) {
                    TrainingLoop.warmUp(loaded);
                }
                return loaded;
            } catch (RuntimeException | Error e) {
                loaded.close();
                throw e;
            }
        }
    }

    /** Reports what processes of this machine were decoding or loading when they ended. */
    private void reportLeft() {
        workerContext
                .jobs()
                .marks()
                .map(DecodeMarks::takeLeft)
                .orElse(List.of())
                .forEach(left -> reports.send(suspected(left)));
    }

    /** A report of a mark that a process has left. */
    public static Report.Builder suspected(DecodeMarks.Left left) {
        return Report.newBuilder()
                .setSuspected(Suspected.newBuilder()
                        .setJob(left.job())
                        .setImage(left.image())
                        .setMark(left.id()));
    }

    private synchronized void ready(LoadedJob loaded, CheckpointSender opened) {
        loadedJob = loaded;
        sender = opened;
        started = loaded.started();
        dataSha256 = loaded.dataSha256();
        preparing = false;
        sayReady();
    }

    private void sayReady() {
        reports.send(Report.newBuilder()
                .setReady(Ready.newBuilder()
                        .setJob(job())
                        .setStarted(started)
                        .setDataSha256(dataSha256)
                        .setAttempt(attempt)));
    }

    private void run(Generation generation) {
        GenerationRun.Connections connections = new GenerationRun.Connections(
                workerContext.transports().get(generation.getTransport()), workerContext.checkpoints(), sender);
        GenerationRun next = new GenerationRun(loadedJob, generation, workerContext.worker(), connections, reports);
        synchronized (this) {
            if (dropped || generation.getNumber() < newest) {
                return;
            }
            current = next;
            next.halt(lastHalt);
        }
        MDC.put("generation", String.valueOf(generation.getNumber()));
        LOG.info(
                "{} generation {} after step {}: {}",
                job(),
                generation.getNumber(),
                generation.getStep(),
                generation.getReason());
        reportLeft();
        suspects.addAll(generation.getSuspectsList());
        next.run();
    }

    private Notices notices() {
        return new Notices() {
            @Override
            public void accept(String text) {
                tell(Told.newBuilder().setText(text));
            }

            @Override
            public void broken(BrokenImage image, String sentence) {
                tell(Told.newBuilder().setText(sentence).setBroken(image));
            }

            @Override
            public boolean wanted() {
                return !isDropped();
            }

            @Override
            public <T> T waiting(Supplier<T> work) {
                return loading.run(() -> {
                    if (isDropped()) {
                        throw new Abandoned("the job was given up while it was loaded");
                    }
                    return work.get();
                });
            }

            @Override
            public Decoding decoding(String location) {
                return workerContext
                        .jobs()
                        .marks()
                        .map(marks -> marks.mark(job(), location))
                        .map(mark -> (Decoding) () -> decoded(location, mark))
                        .orElse(Decoding.UNMARKED);
            }
        };
    }

    private void decoded(String location, Notices.Decoding mark) {
        mark.close();
        if (suspects.remove(location)) {
            reports.send(Report.newBuilder()
                    .setSuspected(Suspected.newBuilder()
                            .setJob(job())
                            .setImage(location)
                            .setCleared(true)));
        }
    }

    private void tell(Told.Builder told) {
        reports.send(Report.newBuilder().setTold(told.setJob(job())));
    }

    private void fail(Throwable failure) {
        Throwable e = LibtorchFailure.explained(failure);
        boolean lacks = Shortage.in(e).isPresent();
        boolean refused = e instanceof UserError && !lacks;
        synchronized (this) {
            failed = true;
            if (dropped) {
                LOG.debug("{} was given up while it failed", job(), e);
                return;
            }
        }
        if (!(e instanceof UserError)) {
            LOG.error("{} failed", job(), e);
        }
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        reports.send(Report.newBuilder()
                .setFailed(JobFailed.newBuilder()
                        .setJob(job())
                        .setGeneration(newest)
                        .setReason(e instanceof UserError ? e.getMessage() : String.valueOf(e))
                        .setRefused(refused)
                        .setLacksRoom(lacks)
                        .setOnlyHere(e instanceof NotHere && !workerContext.isAlone())
                        .setDeviceFault(e instanceof BrokenDevice broken ? broken.fault() : "")
                        .setTrace(trace.toString())));
    }
}
