package org.simreg.coordinator.run;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.simreg.coordinator.job.JobFile;
import org.simreg.coordinator.status.RunFolder;
import org.simreg.coordinator.store.Disk;
import org.simreg.proto.Job;

/**
 * What a coordinator leaves that is killed after it has made a job's folder and before it has kept
 * the job. Whoever submits the same job again finds it in the way otherwise.
 */
final class Remains {
    private Remains() {}

    /** Whether that is possible, by a look at the folder. */
    static boolean mayBe(Path folder, Job job) {
        Path settings = folder.resolve(RunFolder.JOB);
        return Disk.read(
                folder,
                () ->
                        Files.isRegularFile(settings)
                                && Files.readString(settings).equals(JobFile.yaml(job)));
    }

    /**
     * Whether a folder, which is locked, holds the beginning of the same job and no event of it.
     */
    static boolean are(Path folder, Job job) {
        return Disk.read(folder, () -> holds(folder, job));
    }

    private static boolean holds(Path folder, Job job) throws IOException {
        if (!mayBe(folder, job) || !isEmpty(folder.resolve("checkpoints"))) {
            return false;
        }
        if (!Files.exists(folder.resolve(EventLog.NAME))) {
            return isShort(folder.resolve("metrics.jsonl"));
        }
        try (EventLog events = EventLog.open(folder)) {
            return events.next() == 0;
        }
    }

    private static boolean isShort(Path file) throws IOException {
        return !Files.exists(file) || Files.size(file) == 0;
    }

    private static boolean isEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return true;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            return !files.iterator().hasNext();
        }
    }
}
