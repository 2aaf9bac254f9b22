package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Roots;

class PublishedCheckTest {
    @TempDir
    Path root;

    private JobRecord.Builder record(Path data) throws Exception {
        Files.createDirectories(root.resolve("data"));
        Files.write(root.resolve("teacher.pt"), new byte[1]);
        Job.Builder job = Job.newBuilder().setName("a");
        job.getDatasetBuilder().clearPath().addPath(data.toString());
        job.addTeachersBuilder().setSource(root.resolve("teacher.pt").toString());
        job.getCheckpointsBuilder().setOutput(root.resolve("run").toString());
        return JobRecord.newBuilder()
                .setId("a")
                .setVersion(3)
                .setJob(job)
                .setFolder(root.resolve("run").toString());
    }

    private Optional<String> refusal(JobRecord.Builder record) {
        return new PublishedCheck(Roots.of(List.of(root))).refusal(record.build());
    }

    @Test
    void aRecordBelowTheRootsIsTaken() throws Exception {
        assertEquals(Optional.empty(), refusal(record(root.resolve("data"))));
    }

    @Test
    void whatAClientMayNotAskForIsNotTaken() throws Exception {
        assertTrue(refusal(record(Path.of("/etc"))).orElseThrow().contains("/etc"));
        assertTrue(refusal(record(root.resolve("data")).setFolder("/etc/run"))
                .orElseThrow()
                .contains("/etc/run"));
        assertTrue(refusal(record(root.resolve("data")).setFolder(root + "/a/../../x"))
                .orElseThrow()
                .contains("run folder"));
        assertTrue(refusal(record(root.resolve("data")).setVersion(-1))
                .orElseThrow()
                .contains("version"));
        assertTrue(refusal(record(root.resolve("data")).clearJob()).isPresent());
    }
}
