package org.simreg.proto;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The files and folders that a job, but for its run folder, or a bank's source names. */
final class JobPaths {
    private final Map<String, Path> paths = new LinkedHashMap<>();

    private JobPaths() {}

    /**
     * By setting.
     *
     * @param folder that checkpoints.output becomes
     */
    static Map<String, Path> of(Job job, Path folder) {
        JobPaths all = new JobPaths();
        all.put("dataset.path", job.getDataset().getPath());
        all.put("dataset.classes_file", job.getDataset().getClassesFile());
        for (int i = 0; i < job.getTeachersCount(); i++) {
            all.teacher("teachers[" + i + "].source", job.getTeachers(i).getSource());
        }
        all.put("student.init", job.getStudent().getInit());
        all.put("student.module", job.getStudent().getModule());
        all.put("student.restart", job.getStudent().getRestart());
        all.store(Path.of(job.getCheckpoints().getOutput()), job.getCache().getStore(), folder);
        return all.paths;
    }

    /** By field of a bank's source. */
    static Map<String, Path> of(BankSource source) {
        JobPaths all = new JobPaths();
        ImageSource images = source.getImages();
        all.put("source.images.dataset.path", images.getDataset().getPath());
        all.put("source.images.dataset.classes_file", images.getDataset().getClassesFile());
        if (!images.getWeights().isEmpty()) {
            all.teacher("source.images.weights", images.getWeights());
        }
        FeatureSource features = source.getFeatures();
        all.put("source.features.features", features.getFeatures());
        all.put("source.features.labels", features.getLabels());
        all.put("source.features.files", features.getFiles());
        return all.paths;
    }

    private void teacher(String setting, String text) {
        TeacherSource source = TeacherSource.of(text);
        if (source instanceof TeacherSource.Weights weights) {
            put(setting, weights.file());
        } else if (source instanceof TeacherSource.TorchScript script) {
            put(setting, script.file());
        }
    }

    /** Usually below the run folder, and with it. */
    private void store(Path output, String text, Path folder) {
        Path store = Path.of(text);
        boolean within = !text.isEmpty() && store.startsWith(output);
        put("cache.store", within ? folder.resolve(output.relativize(store)).toString() : text);
    }

    private void put(String setting, String path) {
        if (!path.isEmpty()) {
            paths.put(setting, Path.of(path));
        }
    }
}
