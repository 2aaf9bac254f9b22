package org.simreg.coordinator.run.folder;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.coordinator.run.log.Ledger;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.coordinator.run.log.TensorBoardFile;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;

/**
 * The run that a folder holds already: whether it can be continued, whether it keeps a new one from
 * beginning, and its removal.
 */
public final class PastRun {
    /** Name of the page that sums a run up. */
    public static final String REPORT = "report.html";

    private static final List<String> FILES =
            List.of(JobFile.NAME, Ledger.NAME, EventLog.NAME, MetricsFile.NAME, REPORT);

    private PastRun() {}

    /**
     * Why a new run can't be made in a folder.
     *
     * @return a sentence with the way out; empty if the folder is empty or absent
     */
    static Optional<String> occupant(Path folder) {
        if (Disk.read(folder, () -> isEmpty(folder))) {
            return Optional.empty();
        }
        String what = Files.exists(folder.resolve(JobFile.NAME)) ? "already holds a run" : "is not empty";
        return Optional.of(
                "The run folder %s %s: continue it with --resume, replace it with --overwrite, or choose another with --out"
                        .formatted(folder, what));
    }

    /**
     * @throws UserError if there is no run in the folder
     */
    static void require(Path folder) {
        if (!Files.isRegularFile(folder.resolve(JobFile.NAME))) {
            throw new UserError(
                    "There is no run to continue in %s: it has no %s; name the folder of a run, or start one without --resume"
                            .formatted(folder, JobFile.NAME));
        }
    }

    /**
     * Whether a folder may have been left by a coordinator that was killed after it had made a
     * job's folder and before it had saved the job. Such a folder doesn't keep the same job from
     * being submitted again. Compares the settings only.
     */
    static boolean mayBeBeginning(Path folder, Job job) {
        Path settings = folder.resolve(JobFile.NAME);
        return Disk.read(
                folder,
                () -> Files.isRegularFile(settings)
                        && UserFile.text(settings, JobFile.MOST_BYTES).equals(JobFile.yaml(job)));
    }

    /** Whether a locked folder was left so: it has no event and no checkpoint either. */
    static boolean isBeginning(Path folder, Job job) {
        return Disk.read(
                folder,
                () -> mayBeBeginning(folder, job)
                        && isEmpty(folder.resolve(CheckpointCatalog.NAME))
                        && EventLog.isEmpty(folder));
    }

    /**
     * Removes the files of a run and the folders that are then empty; other files stay.
     *
     * @throws UserError if that fails
     */
    static void clear(Path folder) {
        Disk.write(folder, () -> {
            for (String name : FILES) {
                Files.deleteIfExists(folder.resolve(name));
                delete(folder, "{,.}" + name + "{.tmp,.*.tmp}");
            }
            TensorBoardFile.removeAll(folder);
            deleteFrom(folder.resolve(CheckpointCatalog.NAME), "{,.}step-[0-9]*.safetensors{,.*.tmp}");
            deleteFrom(folder.resolve("features"), "{,.}teacher-[0-9]*.features{,.*.tmp}");
            deleteFrom(folder.resolve("student"), "{resnet,mobilenet}*.{torchscript.pt,safetensors,pth,onnx}");
        });
    }

    /**
     * Removes a run that came to nothing, and the folder if nothing else lies in it.
     *
     * @throws UserError if that fails
     */
    public static void remove(Path folder) {
        if (Files.isDirectory(folder)) {
            clear(folder);
            Disk.write(folder, () -> {
                Files.deleteIfExists(folder.resolve(FolderLock.NAME));
                if (isEmpty(folder)) {
                    Files.delete(folder);
                }
            });
        }
    }

    private static void deleteFrom(Path folder, String glob) throws IOException {
        if (Files.isDirectory(folder)) {
            delete(folder, glob);
            if (isEmpty(folder)) {
                Files.delete(folder);
            }
        }
    }

    private static void delete(Path folder, String glob) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, glob)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    /** Whether a folder is absent, or holds nothing but its lock. */
    private static boolean isEmpty(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return true;
        }
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, file -> !file.endsWith(FolderLock.NAME))) {
            return !files.iterator().hasNext();
        }
    }
}
