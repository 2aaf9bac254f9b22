package org.simreg.worker.member.generation;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
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
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.BrokenDevice;
import org.simreg.proto.UserError.NotHere;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.concurrent.StorageWatch;
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
    /** For which a read of storage may show no progress. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Prepare prepare;
    private final WorkerContext workerContext;
    private final WorkerContext.ReportSink reports;
    private final BlockingQueue<Runnable> generations = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private final StorageWatch storage = new StorageWatch();
    private final JobNotices notices;
    private final Thread thread = NamedThreads.thread("simreg-step", this::work);
    private long newest;
    /** What gives no answer; null: nothing. */
    private volatile String silent;

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
        notices = new JobNotices(prepare.getJob(), workerContext.jobs().marks(), reports, storage);
        attempt = prepare.getAttempt();
    }

    public void start() {
        thread.start();
    }

    /** Time has passed while the coordinator could be reached: a job whose storage gives no answer is given up. */
    public void look(long ms) {
        storage.look(ms, patience()).ifPresent(this::hang);
    }

    private synchronized Duration patience() {
        return preparing && prepare.getStoragePatienceMs() > 0
                ? Duration.ofMillis(prepare.getStoragePatienceMs())
                : PATIENCE;
    }

    /** The coordinator was away, by which storage may have been read. */
    public void coordinatorIsBack() {
        storage.forget();
    }

    /** What the thread of a job that was given up still waits for; empty if it is over. */
    public Optional<String> hangsIn() {
        return Optional.ofNullable(silent).filter(what -> thread.isAlive());
    }

    /**
     * Gives the job up because its storage gives no answer, so that the worker can serve another one. What was loaded of it
     * is released when the storage answers.
     *
     * @param what is read
     */
    public void hang(String what) {
        long generation;
        synchronized (this) {
            if (failed || dropped) {
                return;
            }
            silent = what;
            generation = newest;
        }
        LOG.warn("{} is given up: {} gives no answer", job(), what);
        reports.send(Report.newBuilder()
                .setFailed(JobFailed.newBuilder()
                        .setJob(job())
                        .setGeneration(generation)
                        .setReason(what + " gives no answer; look at its storage")
                        .setNoAnswer(true)));
        drop();
        ended.complete(null);
    }

    public String job() {
        return prepare.getJob();
    }

    /** The frozen teachers that it holds, as this worker only helps; empty: all, with the student. */
    public List<Integer> teachers() {
        return prepare.getTeachersList();
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
                .anyMatch(helper -> helper.getWorker().equals(workerContext.worker())
                        && helper.getTeachersList().equals(teachers()));
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
        notices.abandon();
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
        Holding.Builder holding =
                Holding.newBuilder().setJob(job()).setPreparing(preparing).addAllTeachers(teachers());
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
        storage.watchThisThread();
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
        try (Notices.Mark mark =
                workerContext.jobs().marks().map(marks -> marks.loading(job())).orElse(Notices.Mark.NONE)) {
            LoadedJob.Opener opener = workerContext.jobs().opener();
            LoadedJob loaded = teachers().isEmpty()
                    ? opener.open(prepare.getSettings(), notices)
                    : opener.openForHelp(prepare.getSettings(), teachers(), notices);
            try {
                if (prepare.getJoins() && teachers().isEmpty()) {
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
        notices.suspect(generation.getSuspectsList());
        next.run();
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
