package org.simreg.coordinator.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.SubmitRequest;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A warm-up of the coordinator's classes: one job is submitted and cancelled in a coordinator of
 * its own, so that the first real one doesn't wait for classes to be loaded.
 */
final class Rehearsal implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);

    private final String version;
    private final Path parent;

    /**
     * @param parent takes a folder for the time being, which is gone afterwards
     */
    Rehearsal(String version, Path parent) {
        this.version = version;
        this.parent = parent;
    }

    /** Begins on a thread of its own. */
    static void begin(String version) {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        NamedThreads.thread("simreg-rehearsal", new Rehearsal(version, temporary))
                .start();
    }

    @Override
    public void run() {
        try {
            submitAndCancel();
        } catch (IOException | RuntimeException e) {
            LOG.debug("The rehearsal has ended early", e);
        }
    }

    /**
     * @return the state that the job was in at last
     */
    JobState submitAndCancel() throws IOException {
        Path folder = Files.createTempDirectory(parent, "simreg-rehearsal");
        try (EmbeddedNode node = new EmbeddedNode(version)) {
            return submitAndCancel(node.client(), folder.resolve("run"));
        } finally {
            delete(folder);
        }
    }

    private static JobState submitAndCancel(ApiClient client, Path output) {
        Job.Builder job = Job.newBuilder().setName("rehearsal");
        job.getDatasetBuilder().addPath("none");
        job.addTeachersBuilder().setSource("none");
        job.getCheckpointsBuilder().setOutput(output.toString());
        SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
        JobRequest queued = JobRequest.newBuilder()
                .setId(client.ask(jobs -> jobs.submit(request)).getId())
                .build();
        return client.ask(jobs -> jobs.cancel(queued)).getState();
    }

    private static void delete(Path folder) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(folder)) {
            deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path one : deepestFirst) {
            Files.delete(one);
        }
    }
}
