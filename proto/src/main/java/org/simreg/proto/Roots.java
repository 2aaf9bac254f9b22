package org.simreg.proto;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folders below which the files of jobs must lie, wherever symbolic links lead. A check holds
 * at its moment only: whoever may change links below a root can make them lead elsewhere later.
 */
public final class Roots {
    /** No restriction: files may lie anywhere. */
    public static final Roots ANYWHERE = new Roots(List.of(), List.of());

    private final List<Path> folders;

    /** As {@code s3://bucket/prefix/}, with a slash at the end. */
    private final List<String> buckets;

    private Roots(List<Path> folders, List<String> buckets) {
        this.folders = folders;
        this.buckets = buckets;
    }

    /**
     * Roots as {@code --root} names them: folders, and {@code s3://bucket/prefix} for objects.
     *
     * @param roots none: files and objects may lie anywhere
     * @throws UserError if one is no folder
     */
    public static Roots parse(List<String> roots) {
        List<String> buckets = new ArrayList<>();
        List<Path> folders = new ArrayList<>();
        for (String root : roots) {
            if (!DataSource.isObjects(root)) {
                folders.add(Path.of(root));
            } else if (root.length() == DataSource.OBJECTS.length() || isOdd(root)) {
                throw new UserError(
                        "--root: %s names no bucket; write s3://BUCKET or s3://BUCKET/PREFIX".formatted(root));
            } else {
                buckets.add(root.endsWith("/") ? root : root + "/");
            }
        }
        return buckets.isEmpty() ? of(folders) : new Roots(real(folders), List.copyOf(buckets));
    }

    /**
     * @param folders none: files may lie anywhere
     * @throws UserError if one is no folder
     */
    public static Roots of(List<Path> folders) {
        return folders.isEmpty() ? ANYWHERE : new Roots(real(folders), List.of());
    }

    private static List<Path> real(List<Path> folders) {
        List<Path> real = new ArrayList<>();
        for (Path folder : folders) {
            try {
                Path found = folder.toRealPath();
                if (!Files.isDirectory(found)) {
                    throw new UserError("--root: %s is no folder; name one".formatted(folder));
                }
                real.add(found);
            } catch (IOException e) {
                throw new UserError("--root: there is no folder %s; make it, or name another".formatted(folder), e);
            }
        }
        return List.copyOf(real);
    }

    private boolean isAnywhere() {
        return folders.isEmpty() && buckets.isEmpty();
    }

    /** Whether what a path or {@code s3://bucket/key} names may be used. */
    public boolean hold(String place) {
        if (!DataSource.isObjects(place)) {
            return hold(Path.of(place));
        }
        return isAnywhere() || !isOdd(place) && buckets.stream().anyMatch((place + "/")::startsWith);
    }

    /** Whether a place has names that programs on the way might take for the folder above, or for none. */
    private static boolean isOdd(String place) {
        String key = place.substring(DataSource.OBJECTS.length());
        return List.of(key.split("/")).stream().anyMatch(name -> name.isEmpty() || name.matches("\\.{1,2}"));
    }

    /** Whether a file may be used, or made if there is none. */
    public boolean hold(Path path) {
        if (isAnywhere()) {
            return true;
        }
        Optional<Path> real = real(path.toAbsolutePath());
        return real.isPresent() && folders.stream().anyMatch(real.get()::startsWith);
    }

    /**
     * Checks one path.
     *
     * @param setting that names it
     * @throws UserError if it lies elsewhere
     */
    public void check(String setting, Path path) {
        if (!hold(path)) {
            throw refused("The job", List.of(problem(setting, path.toString())));
        }
    }

    /**
     * Checks all paths of a job.
     *
     * @param folder of its run, as it will be used
     * @throws UserError naming every setting whose file lies elsewhere
     */
    public void check(Job job, Path folder) {
        if (isAnywhere()) {
            return;
        }
        List<UserError.Problem> problems = new ArrayList<>();
        if (!hold(folder)) {
            problems.add(problem("checkpoints.output", folder.toString()));
        }
        check("The job", NamedPaths.of(job, folder), problems);
    }

    /**
     * Checks all paths of a bank's source.
     *
     * @throws UserError naming every field whose file lies elsewhere
     */
    public void check(BankSource source) {
        check("The bank", NamedPaths.of(source), new ArrayList<>());
    }

    private void check(String what, Map<String, String> paths, List<UserError.Problem> problems) {
        paths.forEach((setting, path) -> {
            if (!hold(path)) {
                problems.add(problem(setting, path));
            }
        });
        if (!problems.isEmpty()) {
            throw refused(what, problems);
        }
    }

    private UserError.Problem problem(String setting, String path) {
        return new UserError.Problem(setting, path + " is not below " + this);
    }

    private static UserError refused(String what, List<UserError.Problem> problems) {
        String all = problems.stream().map(UserError.Problem::toString).collect(Collectors.joining("; "));
        return new UserError(what + " is refused: " + all + " (--root)", problems);
    }

    /** The path with symbolic links resolved; empty if that can't be done. */
    private static Optional<Path> real(Path path) {
        try {
            return Optional.of(path.toRealPath());
        } catch (NoSuchFileException absent) {
            Path parent = path.getParent();
            Path name = path.getFileName();
            // Whoever makes the file would follow a link to nowhere.
            boolean link = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
            if (parent == null || link || name.toString().equals("..")) {
                return Optional.empty();
            }
            return real(parent).map(found -> found.resolve(name).normalize());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The folders as messages name them. */
    @Override
    public String toString() {
        return isAnywhere()
                ? "any folder"
                : Stream.concat(folders.stream().map(Path::toString), buckets.stream())
                        .collect(Collectors.joining(" or "));
    }

    /** The files and folders that a bank's source names, or a job, but for its run folder. */
    private static final class NamedPaths {
        private final Map<String, String> paths = new LinkedHashMap<>();

        private NamedPaths() {}

        /**
         * Paths of a job by setting.
         *
         * @param folder that checkpoints.output becomes
         */
        static Map<String, String> of(Job job, Path folder) {
            NamedPaths all = new NamedPaths();
            all.sources("dataset.path", job.getDataset());
            DataSource.evaluation(job).ifPresent(data -> all.sources("evaluation.data", data));
            all.put("dataset.classes_file", job.getDataset().getClassesFile());
            all.put("dataset.val_labels", job.getDataset().getValLabels());
            for (int i = 0; i < job.getTeachersCount(); i++) {
                all.teacher("teachers[" + i + "].source", job.getTeachers(i).getSource());
            }
            all.put("student.init", job.getStudent().getInit());
            all.put("student.module", job.getStudent().getModule());
            all.put("student.restart", job.getStudent().getRestart());
            all.store(Path.of(job.getCheckpoints().getOutput()), job.getCache().getStore(), folder);
            return all.paths;
        }

        /** Paths of a bank's source by field. */
        static Map<String, String> of(BankSource source) {
            NamedPaths all = new NamedPaths();
            ImageSource images = source.getImages();
            all.sources("source.images.dataset.path", images.getDataset());
            all.put("source.images.dataset.classes_file", images.getDataset().getClassesFile());
            all.put("source.images.dataset.val_labels", images.getDataset().getValLabels());
            if (!images.getWeights().isEmpty()) {
                all.teacher("source.images.weights", images.getWeights());
            }
            FeatureSource features = source.getFeatures();
            all.put("source.features.features", features.getFeatures());
            all.put("source.features.labels", features.getLabels());
            all.put("source.features.files", features.getFiles());
            return all.paths;
        }

        private void sources(String setting, Dataset dataset) {
            for (int i = 0; i < dataset.getPathCount(); i++) {
                String place = dataset.getPathCount() == 1 ? setting : setting + "[" + i + "]";
                put(place, DataSource.of(dataset.getPath(i)).base());
            }
        }

        private void teacher(String setting, String text) {
            TeacherSource source = TeacherSource.of(text);
            if (source instanceof TeacherSource.Weights weights) {
                put(setting, weights.file());
            } else if (source instanceof TeacherSource.TorchScript script) {
                put(setting, script.file());
            }
        }

        /** Adds the store, which usually lies below the run folder and moves with it. */
        private void store(Path output, String text, Path folder) {
            Path store = Path.of(text);
            boolean within = !text.isEmpty() && store.startsWith(output);
            put("cache.store", within ? folder.resolve(output.relativize(store)).toString() : text);
        }

        private void put(String setting, String path) {
            if (!path.isEmpty()) {
                paths.put(setting, path);
            }
        }
    }
}
