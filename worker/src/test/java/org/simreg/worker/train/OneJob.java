package org.simreg.worker.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.StepDone;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.exchange.ahead.EvaluationShares;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.mesh.Peers;
import org.simreg.worker.exchange.reduce.ClusterReduce;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.exchange.wire.NettyWire;
import org.simreg.worker.train.student.RunCheckpoint.Snapshot;

/** A job that several workers have loaded, each on a thread and with a transport of its own, without a coordinator. */
final class OneJob implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;

    private final List<Worker> workers = new ArrayList<>();
    private volatile Decoded decoding = (rank, file) -> {};
    private volatile Consumer<EvaluationDone> measured = done -> {};
    private volatile IntConsumer ended = rank -> {};
    private long generation;

    /** A listener to what is decoded, on the decode thread. */
    interface Decoded {
        void begins(int worker, String file);
    }

    /**
     * The end of a generation on one member.
     *
     * @param measured without what was timed
     * @param abandoned why it did not get to the job's end; empty if it did
     * @param decoded images, by location
     * @param notices for people
     */
    record Ended(
            List<EvaluationDone> measured, String sha256, String abandoned, Set<String> decoded, List<String> notices) {
        /** The evaluations that needn't be made again. */
        Set<Measurement> known() {
            return measured.stream()
                    .map(done -> Measurement.newBuilder()
                            .setSubject(done.getSubject())
                            .setEpoch(done.getEpoch())
                            .build())
                    .collect(Collectors.toSet());
        }
    }

    /** @param jobs as each worker has it */
    OneJob(Path folder, List<Job.Builder> jobs) {
        for (int i = 0; i < jobs.size(); i++) {
            workers.add(new Worker(
                    i, folder.resolve("w" + i), JobSettings.complete(jobs.get(i).build())));
        }
    }

    void decoding(Decoded listener) {
        decoding = listener;
    }

    void measured(Consumer<EvaluationDone> listener) {
        measured = listener;
    }

    void ended(IntConsumer listener) {
        ended = listener;
    }

    /** A worker's connections break. */
    void lose(int worker) {
        workers.get(worker).transport.close();
    }

    /** A worker is told to stop. */
    void halt(int worker) {
        workers.get(worker).halt();
    }

    /** Runs a generation of some workers, in order of rank, to the end of the job or until it is given up. */
    List<Ended> run(Set<Measurement> known, int... members) throws Exception {
        generation++;
        CyclicBarrier loaded = new CyclicBarrier(members.length);
        List<Future<Ended>> running = new ArrayList<>();
        for (int rank = 0; rank < members.length; rank++) {
            Worker worker = workers.get(members[rank]);
            Peers peers = peers(rank, members);
            running.add(worker.thread.submit(() -> worker.run(peers, known, loaded)));
        }
        List<Ended> all = new ArrayList<>();
        for (Future<Ended> one : running) {
            all.add(one.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
        return all;
    }

    private Peers peers(int rank, int... members) {
        Job job = workers.get(0).settings;
        int passes = job.getTeachers(0).getSource().equals("self") ? 2 : 1;
        List<Peers.Peer> peers = new ArrayList<>();
        int first = 0;
        for (int i = 0; i < members.length; i++) {
            int count = (job.getOptimization().getMicroBatches() + i) / members.length * passes;
            peers.add(new Peers.Peer(
                    "w" + members[i], workers.get(members[i]).transport.address(), first, count));
            first += count;
        }
        return new Peers("job", generation, rank, peers);
    }

    @Override
    public void close() {
        for (Worker worker : workers) {
            CompletableFuture.runAsync(worker::close, worker.thread)
                    .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .join();
            worker.thread.shutdown();
            worker.transport.close();
        }
    }

    /** One worker; what it has loaded belongs to its thread. */
    private final class Worker implements Notices, TrainingLoop.Events {
        private final int number;
        private final Path folder;
        private final Job settings;
        private final PeerTransport transport = NettyWire.transport("127.0.0.1", 0);
        private final ExecutorService thread = Executors.newSingleThreadExecutor();
        private final Set<String> decoded = ConcurrentHashMap.newKeySet();
        private final List<String> notices = new CopyOnWriteArrayList<>();
        private final List<EvaluationDone> done = new ArrayList<>();
        private volatile boolean halted;
        private Reduce joined;
        private LoadedJob job;

        Worker(int number, Path folder, Job settings) {
            this.number = number;
            this.folder = folder;
            this.settings = settings;
        }

        /** Whatever it waits for, as a generation's end does. */
        synchronized void halt() {
            halted = true;
            if (joined != null) {
                joined.abandon("halted");
            }
        }

        private synchronized void join(Reduce reduce) {
            joined = reduce;
        }

        Ended run(Peers peers, Set<Measurement> known, CyclicBarrier loaded) throws Exception {
            if (job == null) {
                job = JobLoader.open(settings, SmallRun.settings(folder, 1, 1), this);
                job.start();
            }
            loaded.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            done.clear();
            String abandoned = "";
            int passes = job.inputs().passes();
            job.inputs().share(peers.self().first() / passes, peers.self().count() / passes);
            try (Reduce reduce = peers.size() == 1
                            ? new LocalReduce(job.scope(), job.student()::newOut)
                            : new ClusterReduce(transport, peers, job.transfers(), job.scope(), job.student()::newOut);
                    EvaluationShares shares = EvaluationShares.open(transport, peers)) {
                join(reduce);
                TrainingLoop.Role role = new TrainingLoop.Role(peers.rank() == 0, shares, known, List.of());
                new TrainingLoop(job, reduce, role, () -> halted, this).run();
            } catch (Abandoned e) {
                abandoned = e.getMessage();
            } finally {
                join(null);
            }
            ended.accept(number);
            return new Ended(List.copyOf(done), job.snapshot().sha256(), abandoned, decoded, notices);
        }

        void close() {
            if (job != null) {
                job.close();
            }
        }

        @Override
        public void accept(String notice) {
            notices.add(notice);
        }

        @Override
        public Mark decoding(String location) {
            decoded.add(location);
            decoding.begins(number, location);
            return Mark.NONE;
        }

        @Override
        public void committed(StepDone step, String sha256) {}

        @Override
        public void measured(EvaluationDone evaluation) {
            EvaluationDone.Builder kept = evaluation.toBuilder().clearSeconds();
            kept.getCostBuilder().clearImagesPerSecond();
            done.add(kept.build());
            measured.accept(evaluation);
        }

        @Override
        public void checkpoint(Snapshot snapshot) {}

        @Override
        public void trained(Snapshot end) {}
    }
}
