package org.simreg.coordinator.run.folder;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.coordinator.run.log.Ledger;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.coordinator.run.log.TensorBoardFile;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.export.StudentExport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An earlier run found in a new job's folder: whether it can be continued, whether it keeps the new one from beginning,
 * and its removal.
 */
public final class PastRun {
    /** Name of the page that sums a run up. */
    public static final String REPORT = "report.html";

    private static final List<String> FILES =
            List.of(JobFile.NAME, Ledger.NAME, EventLog.NAME, MetricsFile.NAME, REPORT);

    /** Folder of the student's exports. */
    static final String EXPORTS = "student";

    /** Folder of the exports of the student's average. */
    public static final String AVERAGE_EXPORTS = "student-average";

    /** Folder of the exports of the best student. */
    public static final String BEST_EXPORTS = "student-best";

    private static final Logger LOG = LoggerFactory.getLogger(PastRun.class);
    private static final List<String> FOLDERS =
            List.of(CheckpointCatalog.NAME, "features", EXPORTS, AVERAGE_EXPORTS, BEST_EXPORTS);
    private static final Pattern CHECKPOINTS =
            Pattern.compile("\\.?step-[0-9]+\\.safetensors(\\.damaged|\\..*\\.tmp)?");
    private static final Pattern FEATURES = Pattern.compile("\\.?teacher-[0-9].*\\.features(\\..*\\.tmp)?");

    /** Settings that were being written when the coordinator was killed. */
    private static final Pattern SETTINGS_DRAFT =
            Pattern.compile("\\." + Pattern.quote(JobFile.NAME) + "\\.[0-9a-f]+\\.[0-9a-f]+\\.tmp");

    private static final Pattern OLD_EXPORTS =
            Pattern.compile("(resnet|mobilenet).*\\.(torchscript\\.pt|safetensors|pth|onnx)");

    private PastRun() {}

    /**
     * Why a new run can't be made in a folder.
     *
     * @return a sentence with the way out; empty if the folder is absent, or holds nothing but settings that a
     *     coordinator was writing when it was killed
     * @throws UserError if it can't be a folder
     */
    public static Optional<String> occupant(Path folder) {
        Disk.refuseFile(folder);
        if (Disk.read(folder, () -> isEmpty(folder, SETTINGS_DRAFT.asMatchPredicate()))) {
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
    public static void require(Path folder) {
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
                () -> OwnFolder.isFile(settings)
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
     * Refuses links where a run's files and folders lie, or would: they could lead out of the folders that the
     * coordinator is to write below.
     *
     * @throws UserError naming the first link
     */
    static void refuseLinks(Path folder) {
        Disk.read(folder, () -> {
            if (!Files.isDirectory(folder)) {
                return folder;
            }
            try (OwnFolder run = OwnFolder.open(folder)) {
                run.refuseLinks(FILES);
                run.refuseLinks(List.of(FolderLock.NAME));
                for (String name : FOLDERS) {
                    refuseLinks(run.inside(name));
                }
            }
            return folder;
        });
    }

    private static void refuseLinks(Optional<OwnFolder> inner) throws IOException {
        if (inner.isPresent()) {
            try (OwnFolder open = inner.get()) {
                open.refuseLinks(List.copyOf(open.names()));
            }
        }
    }

    /**
     * Removes the files of a run and the folders that are then empty; other files stay.
     *
     * @throws UserError if that fails, or a link lies in the folder where the run's folders should
     */
    static void clear(Path folder) {
        Predicate<String> exports = exports(folder);
        Disk.write(folder, () -> {
            try (OwnFolder run = OwnFolder.open(folder)) {
                deleteFrom(run, CheckpointCatalog.NAME, CHECKPOINTS.asMatchPredicate());
                deleteFrom(run, "features", FEATURES.asMatchPredicate());
                deleteFrom(run, EXPORTS, exports);
                deleteFrom(run, AVERAGE_EXPORTS, exports);
                deleteFrom(run, BEST_EXPORTS, exports);
                delete(
                        run,
                        name -> !name.equals(JobFile.NAME) && FILES.stream().anyMatch(file -> isOrDraft(name, file)));
                TensorBoardFile.removeAll(folder);
                // The settings last: they say what the exports are called, and whose folder it is if this is killed.
                delete(run, JobFile.NAME::equals);
            }
        });
    }

    /** Removes the settings that a coordinator was writing when it was killed. */
    static void clearDrafts(Path folder) {
        Disk.write(folder, () -> {
            try (OwnFolder run = OwnFolder.open(folder)) {
                delete(run, SETTINGS_DRAFT.asMatchPredicate());
            }
        });
    }

    /** The exports of the job that the folder's settings tell, and of any that had a network of earlier versions. */
    private static Predicate<String> exports(Path folder) {
        Set<String> names = new HashSet<>();
        Path settings = folder.resolve(JobFile.NAME);
        if (OwnFolder.isFile(settings)) {
            try {
                names.addAll(StudentExport.fileNames(JobSettings.complete(JobFile.read(settings))));
            } catch (UserError e) {
                LOG.warn("{}: what its student's files are called isn't known: {}", folder, e.getMessage());
            }
        }
        return name ->
                OLD_EXPORTS.matcher(name).matches() || names.stream().anyMatch(export -> isOrDraft(name, export));
    }

    private static boolean isOrDraft(String name, String file) {
        return name.equals(file) || name.matches("\\.?" + Pattern.quote(file) + "(\\..*)?\\.tmp");
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

    private static void deleteFrom(OwnFolder run, String name, Predicate<String> ours) throws IOException {
        Optional<OwnFolder> inner = run.inside(name);
        if (inner.isPresent()) {
            try (OwnFolder open = inner.get()) {
                delete(open, ours);
            }
            run.deleteIfEmpty(name);
        }
    }

    private static void delete(OwnFolder folder, Predicate<String> ours) throws IOException {
        for (String name : List.copyOf(folder.names())) {
            if (ours.test(name)) {
                folder.delete(name);
            }
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        return isEmpty(folder, name -> false);
    }

    /** Whether a folder is absent, or holds nothing but its lock and files of names that don't count. */
    private static boolean isEmpty(Path folder, Predicate<String> ignored) throws IOException {
        if (Files.notExists(folder)) {
            return true;
        }
        if (!Files.isDirectory(folder) || Files.isSymbolicLink(folder)) {
            return false;
        }
        Predicate<String> counts = ignored.or(FolderLock.NAME::equals).negate();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(
                folder, file -> counts.test(file.getFileName().toString()))) {
            return !files.iterator().hasNext();
        }
    }
}
