package org.simreg.proto;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.simreg.proto.Optimization.Optimizer;

/** The defaults of a job's settings: the declared ones by reflection, then the computed ones. */
final class JobDefaults {
    /** Images that the paper's BatchNorm layers see at once. */
    private static final int BATCH_NORM_GROUP = 64;

    private static final int LONGEST_NAME = 100;

    /** Settings of one optimizer only. */
    private static final Map<Integer, Optimizer> OWNERS = Map.of(
            Optimization.BETA2_FIELD_NUMBER, Optimizer.ADAMW,
            Optimization.EPSILON_FIELD_NUMBER, Optimizer.ADAMW,
            Optimization.TRUST_COEFFICIENT_FIELD_NUMBER, Optimizer.LARS);

    private JobDefaults() {}

    static Job fill(Job asked) {
        Job.Builder job = asked.toBuilder();
        boolean self = asksForSelf(asked);
        if (asked.getHead().getForm() == Head.Form.LINEAR && !asked.getHead().hasLayers()) {
            job.getHeadBuilder().setLayers(1);
        }
        for (JobField setting : JobField.all()) {
            if (setting.inList()) {
                job.getTeachersBuilderList().forEach(teacher -> fillTeacher(teacher, setting));
            } else if (takesPart(setting, asked, self) && !replaced(setting, asked)) {
                fillOne(setting.section().map(job::getFieldBuilder).orElse(job), setting);
            }
        }
        if (self) {
            job.getViewsBuilder().setPolicy(Views.Policy.STRONG_STRONG);
        }
        compute(job);
        return withoutEmptySections(job);
    }

    static boolean asksForSelf(Job job) {
        return job.getTeachersList().stream().anyMatch(JobDefaults::isSelf);
    }

    static boolean isSelf(Teacher teacher) {
        return TeacherSource.of(teacher.getSource()) instanceof TeacherSource.Self;
    }

    /** Whether views come again, so that features can be kept. */
    static boolean asksForCache(Job job) {
        return job.getCache().getViews() != 0 || job.getCache().getFixed();
    }

    /** Whether a setting of the optimization means something to its optimizer. */
    static boolean belongs(Optimization optimization, FieldDescriptor field) {
        return OWNERS.getOrDefault(field.getNumber(), optimization.getOptimizer()) == optimization.getOptimizer();
    }

    private static boolean takesPart(JobField setting, Job asked, boolean self) {
        return switch (setting.section().map(FieldDescriptor::getName).orElse("")) {
            case "cache" -> asksForCache(asked);
            case "head" -> !self;
            case "momentum_teacher" -> self;
            case "optimization" -> belongs(asked.getOptimization(), setting.field());
            default -> true;
        };
    }

    /** Whether a module takes the place of the network, whose default then isn't filled in. */
    private static boolean replaced(JobField setting, Job asked) {
        return setting.key().equals("student.network") && asked.getStudent().hasModule();
    }

    private static void fillTeacher(Teacher.Builder teacher, JobField setting) {
        TeacherSource source = TeacherSource.of(teacher.getSource());
        boolean pooled = setting.field().getNumber() == Teacher.FEATURE_FIELD_NUMBER;
        if (pooled || source.takes(setting)) {
            fillOne(teacher, setting);
        }
    }

    private static void fillOne(Message.Builder holder, JobField setting) {
        FieldDescriptor field = setting.field();
        boolean absent = field.isRepeated() ? holder.getRepeatedFieldCount(field) == 0 : !holder.hasField(field);
        if (absent && !setting.setting().getValue().isEmpty()) {
            holder.setField(field, FieldText.parseAll(field, setting.setting().getValue()));
        }
    }

    private static void compute(Job.Builder job) {
        computeParts(job.getOptimizationBuilder());
        computeOptimizer(job.getOptimizationBuilder());
        computeResize(job.getViews(), job.getEvaluationBuilder());
        job.getTeachersBuilderList().forEach(teacher -> computeSize(job.getViews(), teacher));
        if (!job.getEvaluation().hasBestK() && job.getEvaluation().getKCount() > 0) {
            job.getEvaluationBuilder().setBestK(job.getEvaluation().getK(0));
        }
        if (!job.hasName()) {
            job.setName(nameOf(job));
        }
        if (!job.getCheckpoints().hasOutput()) {
            job.getCheckpointsBuilder().setOutput("runs/" + job.getName());
        }
        if (job.getDataset().hasValPart() && !job.getDataset().hasValSeed()) {
            job.getDatasetBuilder().setValSeed(job.getSeed());
        }
        Cache cache = job.getCache();
        if (asksForCache(job.build()) && !cache.hasStore() && cache.getPrecision() != Cache.Format.NONE) {
            job.getCacheBuilder().setStore(job.getCheckpoints().getOutput() + "/features");
        }
    }

    /** Computes the micro-batches, unless from a batch that is refused anyway. */
    private static void computeParts(Optimization.Builder optimization) {
        long batch = Integer.toUnsignedLong(optimization.getBatch());
        if (!optimization.hasMicroBatches() && allows("optimization.batch", batch)) {
            optimization.setMicroBatches(parts(batch));
        }
    }

    /** Fills in what depends on the optimizer; for one that isn't known nothing. */
    private static void computeOptimizer(Optimization.Builder optimization) {
        switch (optimization.getOptimizer()) {
            case SGD -> computeOptimizer(optimization, 0.05, 1e-4, true);
            case ADAMW -> computeOptimizer(optimization, 5e-4, 0.05, false);
            case LARS -> computeOptimizer(optimization, 0.3, 1e-6, false);
            case UNRECOGNIZED -> {}
        }
    }

    private static void computeOptimizer(
            Optimization.Builder optimization, double lr, double weightDecay, boolean decayNormBias) {
        if (!optimization.hasLr()) {
            optimization.setLr(lr);
        }
        if (!optimization.hasWeightDecay()) {
            optimization.setWeightDecay(weightDecay);
        }
        if (!optimization.hasDecayNormBias()) {
            optimization.setDecayNormBias(decayNormBias);
        }
    }

    private static void computeResize(Views views, Evaluation.Builder evaluation) {
        double size = Integer.toUnsignedLong(views.getSize());
        if (!evaluation.hasResize() && allows("views.size", size)) {
            evaluation.setResize((int) Math.round(size * 256 / 224));
        }
    }

    private static void computeSize(Views views, Teacher.Builder teacher) {
        if (!teacher.hasSize()
                && !(TeacherSource.of(teacher.getSource()) instanceof TeacherSource.Self)
                && allows("views.size", Integer.toUnsignedLong(views.getSize()))) {
            teacher.setSize(views.getSize());
        }
    }

    private static boolean allows(String key, double number) {
        return JobField.all().stream().anyMatch(f -> f.key().equals(key) && f.allows(number));
    }

    /** The most equal parts with at least 64 images each; 1 for a batch below 128. */
    private static int parts(long batch) {
        int parts = (int) Math.max(1, batch / BATCH_NORM_GROUP);
        while (batch % parts != 0) {
            parts--;
        }
        return parts;
    }

    private static String nameOf(Job.Builder job) {
        String student = job.getStudent().hasModule()
                ? lastFolder(job.getStudent().getModule()).replaceAll("\\.\\w+$", "")
                : FieldText.shown(job.getStudent(), Student.NETWORK_FIELD_NUMBER);
        String asked = student + "-" + lastFolder(firstSource(job.getDataset()));
        String name = asked.replaceAll("[^\\p{L}\\p{N}._-]+", "-");
        int length = Math.min(LONGEST_NAME, name.codePointCount(0, name.length()));
        return name.substring(0, name.offsetByCodePoints(0, length));
    }

    /** Where the first source lies, without the ending of a list's or tar's name. */
    private static String firstSource(DatasetOrBuilder dataset) {
        if (dataset.getPathCount() == 0) {
            return "";
        }
        DataSource source = DataSource.of(dataset.getPath(0));
        return source instanceof DataSource.Folder
                ? source.at()
                : source.at()
                        .replaceAll("([*?]|\\{[^}]*})+", "")
                        .replaceAll("\\.\\w+$", "")
                        .replaceAll("[-_.]+$", "");
    }

    /** The name of a path's last folder, also where "." or ".." stands for it. */
    private static String lastFolder(String path) {
        try {
            Path last = Path.of(path).toAbsolutePath().normalize().getFileName();
            return last == null ? "data" : last.toString();
        } catch (InvalidPathException e) {
            return "data";
        }
    }

    private static Job withoutEmptySections(Job.Builder job) {
        if (job.getHead().getAllFields().isEmpty()) {
            job.clearHead();
        }
        if (job.getCache().getAllFields().isEmpty()) {
            job.clearCache();
        }
        if (job.getContinued().getAllFields().isEmpty()) {
            job.clearContinued();
        }
        if (job.getMomentumTeacher().getAllFields().isEmpty()) {
            job.clearMomentumTeacher();
        }
        return job.build();
    }
}
