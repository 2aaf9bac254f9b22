package org.simreg.proto;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The rules of a completed job that concern several settings at once. */
final class JobRules {
    /** Views of up to this size, in pixels, are one pixel before the last stride of {@link #STRIDED}. */
    private static final int SINGLE_PIXEL = 16;

    /** The students with depthwise convolutions of stride 2. */
    private static final Set<Network> STRIDED = EnumSet.of(
            Network.MOBILENET_V2,
            Network.EFFICIENTNET_B0,
            Network.MOBILENETV3_SMALL,
            Network.MOBILENETV3_LARGE,
            Network.MOBILENETV3_SMALL_TIMM,
            Network.MOBILENETV3_LARGE_TIMM,
            Network.MOBILENETV4_CONV_SMALL,
            Network.MOBILENETV4_CONV_MEDIUM);

    /** What a vision transformer's feature can be. */
    private static final List<String> TOKENS = List.of("cls", "mean", "cls+mean");

    private final Job job;
    private final Problems problems;

    JobRules(Job job, Problems problems) {
        this.job = job;
        this.problems = problems;
    }

    void check() {
        name();
        texts(job, "");
        teachers();
        student();
        loss();
        head();
        momentumTeacher();
        batch();
        optimizer();
        warmup();
        floor();
        neighbours();
        evaluationView();
        valPart();
        cache();
        placement();
    }

    private void name() {
        if (!job.getName().matches("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,99}")) {
            String rule = "' can't name files; begin with a letter or digit, then letters, digits or . - _, up to 100";
            add("name", "'" + job.getName() + rule);
        }
    }

    /** Names and paths stand in logs and terminals. */
    private void texts(Message message, String section) {
        for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
            String place = section + entry.getKey().getName();
            List<?> values = entry.getKey().isRepeated() ? (List<?>) entry.getValue() : List.of(entry.getValue());
            for (int i = 0; i < values.size(); i++) {
                String one = entry.getKey().isRepeated() ? place + "[" + i + "]" : place;
                if (values.get(i) instanceof Message inner) {
                    texts(inner, one + ".");
                } else if (values.get(i) instanceof String text
                        && !place.equals("name")
                        && !Printable.text(text).equals(text)) {
                    add(one, "'" + Printable.text(text) + "' has line ends or control characters; take them out");
                }
            }
        }
    }

    private void teachers() {
        int count = job.getTeachersCount();
        if (count == 0) {
            add("teachers.source", "a teacher is required: a checkpoint file, torchscript:FILE or self");
        }
        if (count > 1 && JobDefaults.asksForSelf(job)) {
            String asked = "self allows no other teacher, " + count + " are asked for";
            add("teachers.source", asked + "; remove self or the others");
        }
        for (int i = 0; i < count; i++) {
            teacher(job.getTeachers(i), "teachers[" + i + "].");
        }
    }

    private void teacher(Teacher teacher, String section) {
        TeacherSource source = TeacherSource.of(teacher.getSource());
        if (!(source instanceof TeacherSource.Self)) {
            weight(teacher, section);
        }
        if (source instanceof TeacherSource.Weights) {
            tokens(teacher, section);
            return;
        }
        if (source instanceof TeacherSource.TorchScript module && module.file().isBlank()) {
            add(section + "source", "torchscript: names no file; write torchscript:FILE");
        }
        String with = " with the teacher " + teacher.getSource();
        if (teacher.getFeature() == Teacher.Feature.FC) {
            add(section + "feature", "fc does not exist" + with + "; choose pooled or leave it out");
        }
        if (teacher.hasNetwork()) {
            String network = FieldText.shown(teacher, Teacher.NETWORK_FIELD_NUMBER);
            add(section + "network", network + " has no effect" + with + "; leave it out");
        }
        if (teacher.hasPart()) {
            add(section + "part", teacher.getPart() + " has no effect" + with + "; leave it out");
        }
        if (source instanceof TeacherSource.Self) {
            self(teacher, section);
        }
    }

    /** Which of a transformer's tokens are its feature; whether the network is one shows in its file. */
    private void tokens(Teacher teacher, String section) {
        String output = teacher.getOutput();
        if (teacher.hasOutput() && !TOKENS.contains(output)) {
            String what = "'" + Printable.text(output) + "' is none of " + String.join(", ", TOKENS);
            add(section + "output", what + ", which a vision transformer has; choose one or leave it out");
        } else if (teacher.hasOutput() && teacher.getFeature() == Teacher.Feature.FC) {
            add(section + "output", output + " does not go with the feature fc; leave one of them out");
        }
    }

    private void weight(Teacher teacher, String section) {
        if (job.getTeachersCount() == 1 && teacher.hasWeight() && teacher.getWeight() != 1) {
            String weight = FieldText.shown(teacher, Teacher.WEIGHT_FIELD_NUMBER);
            String way = "; leave it out, or name more teachers";
            add(section + "weight", weight + " has no effect with a single teacher" + way);
        }
    }

    /** A momentum teacher gets the student's views, so that settings of its own have no effect. */
    private void self(Teacher teacher, String section) {
        List<Integer> fields = List.of(
                Teacher.WEIGHT_FIELD_NUMBER,
                Teacher.SIZE_FIELD_NUMBER,
                Teacher.PIXELS_FIELD_NUMBER,
                Teacher.OUTPUT_FIELD_NUMBER);
        for (int number : fields) {
            FieldDescriptor field = Teacher.getDescriptor().findFieldByNumber(number);
            if (teacher.hasField(field)) {
                String value = FieldText.shown(teacher, number);
                add(section + field.getName(), value + " has no effect with the teacher self; leave it out");
            }
        }
    }

    private void loss() {
        if (job.getLoss() == Loss.SQUARED && JobDefaults.asksForSelf(job)) {
            String why = "squared lets the teacher self and its student shrink to nothing";
            add("loss", why + "; choose normalized or leave it out");
        }
    }

    private void student() {
        Student student = job.getStudent();
        if (student.hasModule() && student.hasNetwork()) {
            String network = FieldText.shown(student, Student.NETWORK_FIELD_NUMBER);
            add("student.network", network + " has no effect with a module; leave one of them out");
        }
        if (student.hasModule() && job.getPrecision() == Precision.BFLOAT16) {
            add("precision", "bfloat16 does not go with a module; choose float32 or leave it out");
        }
        stridedDepthwise(student);
        if (student.hasInitPart() && !student.hasInit()) {
            add("student.init_part", "has no effect without student.init; leave it out");
        }
        if (student.hasInit() && student.hasRestart()) {
            String what = "takes the student's weights from its file, and so does student.init";
            add("student.restart", what + "; leave one of them out");
        }
    }

    /**
     * oneDNN's bfloat16 weight gradient of a depthwise convolution with stride 2 over a single
     * pixel has another bit now and then, at taps that see padding only.
     */
    private void stridedDepthwise(Student student) {
        int size = job.getViews().getSize();
        if (!student.hasModule()
                && STRIDED.contains(student.getNetwork())
                && job.getPrecision() == Precision.BFLOAT16
                && size <= SINGLE_PIXEL) {
            String name = FieldText.kebab(student.getNetwork().getValueDescriptor());
            String why = " px leave " + name + " in bfloat16 gradients that can't be repeated to the bit";
            String way = "; choose more than " + SINGLE_PIXEL + ", or the precision float32";
            add("views.size", size + why + way);
        }
    }

    private void head() {
        Head head = job.getHead();
        int layers = head.getLayers();
        if (JobDefaults.asksForSelf(job)) {
            if (job.hasHead()) {
                String way = "; remove the head's settings (see --self-hidden, --self-output)";
                add("head", "has no effect with the teacher self" + way);
            }
        } else if (head.getForm() == Head.Form.LINEAR && layers != 1) {
            add("head.layers", layers + " does not go with the linear form, which has 1; leave it out");
        }
    }

    private void momentumTeacher() {
        if (job.hasMomentumTeacher() && !JobDefaults.asksForSelf(job)) {
            String what = "has no effect without the teacher self";
            add("momentum_teacher", what + "; remove its settings or ask for --teacher self");
        }
    }

    private void batch() {
        long batch = Integer.toUnsignedLong(job.getOptimization().getBatch());
        long parts = Integer.toUnsignedLong(job.getOptimization().getMicroBatches());
        if (parts == 0 || batch < 2) {
            return;
        }
        if (batch % parts != 0) {
            long below = Math.max(1, batch / parts) * parts;
            String way = "; choose a multiple, such as " + below;
            add("optimization.batch", batch + " images can't be cut in " + parts + " equal micro-batches" + way);
        } else if (batch / parts < 2) {
            String way = "; choose at most " + batch / 2;
            add(
                    "optimization.micro_batches",
                    parts + " parts of " + batch + " images leave BatchNorm one image each" + way);
        }
    }

    private void optimizer() {
        Optimization optimization = job.getOptimization();
        String asked = FieldText.shown(optimization, Optimization.OPTIMIZER_FIELD_NUMBER);
        for (FieldDescriptor field : optimization.getAllFields().keySet()) {
            if (!JobDefaults.belongs(optimization, field)) {
                String value = FieldText.shown(optimization, field.getNumber());
                String why = " has no effect with the optimizer " + asked;
                add("optimization." + field.getName(), value + why + "; leave it out");
            }
        }
    }

    private void warmup() {
        long warmup = Integer.toUnsignedLong(job.getOptimization().getWarmupEpochs());
        long epochs = Integer.toUnsignedLong(job.getOptimization().getEpochs());
        if (warmup > 0 && warmup >= epochs) {
            String way = "; choose less than " + epochs;
            add("optimization.warmup_epochs", warmup + " takes all " + epochs + " epochs" + way);
        }
        if (warmup > 0 && job.getOptimization().getWarmupSteps() != 0) {
            String steps = Long.toUnsignedString(job.getOptimization().getWarmupSteps());
            String way = "; leave one of them out";
            add("optimization.warmup_steps", steps + " does not go with warmup_epochs " + warmup + way);
        }
    }

    private void floor() {
        double floor = job.getOptimization().getMinLr();
        if (floor > 0 && job.getOptimization().getSchedule() == Optimization.Schedule.CONSTANT) {
            String why = " has no effect with the schedule constant";
            add("optimization.min_lr", FieldText.plain(floor) + why + "; leave it out");
        } else if (floor > 0 && floor > job.getOptimization().getLr()) {
            String peak = FieldText.plain(job.getOptimization().getLr());
            String why = " is more than the peak, lr " + peak;
            add("optimization.min_lr", FieldText.plain(floor) + why + "; choose at most " + peak);
        }
    }

    private void neighbours() {
        Set<Integer> seen = new HashSet<>();
        for (int k : job.getEvaluation().getKList()) {
            if (!seen.add(k)) {
                add("evaluation.k", k + " stands twice; leave one");
            }
        }
        int best = job.getEvaluation().getBestK();
        if (!seen.isEmpty() && !seen.contains(best)) {
            String asked = job.getEvaluation().getKList().stream()
                    .map(Integer::toUnsignedString)
                    .collect(Collectors.joining(","));
            add("evaluation.best_k", best + " is none of evaluation.k, " + asked + "; choose one of them, or add it");
        }
        if (job.getEvaluation().getPatience() != 0 && job.getEvaluation().getEveryEpochs() == 0) {
            String patience = FieldText.shown(job.getEvaluation(), Evaluation.PATIENCE_FIELD_NUMBER);
            add(
                    "evaluation.patience",
                    patience
                            + " has no effect where nothing is measured before the end; choose evaluation.every_epochs");
        }
    }

    private void evaluationView() {
        long resize = Integer.toUnsignedLong(job.getEvaluation().getResize());
        long size = Integer.toUnsignedLong(job.getViews().getSize());
        if (job.getEvaluation().hasResize() && resize < size) {
            String crop = " px is smaller than the " + size + " px view cropped from it";
            add("evaluation.resize", resize + crop + "; choose at least " + size);
        }
    }

    private void valPart() {
        Dataset data = job.getDataset();
        if (data.hasValSeed() && !data.hasValPart()) {
            add("dataset.val_seed", "has no effect without dataset.val_part; leave it out");
        }
        if (data.hasValPart() && job.getEvaluation().getDataCount() > 0) {
            add(
                    "dataset.val_part",
                    "holds images out for nothing, as evaluation.data names others; leave one of them out");
        }
    }

    private void cache() {
        Cache cache = job.getCache();
        if (!JobDefaults.asksForCache(job)) {
            if (cache.hasPrecision() || cache.hasStore()) {
                String way = "; ask for --cache-views, or remove the cache's other settings";
                add("cache", "has no effect without views that come again" + way);
            }
            return;
        }
        if (JobDefaults.asksForSelf(job)) {
            String way = "; remove the cache's settings";
            add("cache", "can't keep features of the teacher self, which changes" + way);
        }
        if (cache.getPrecision() == Cache.Format.NONE && cache.hasStore()) {
            String way = "; leave it out, or choose float32 or float16";
            add("cache.store", "has no effect with the precision none, which keeps nothing" + way);
        }
        if (cache.getFixed()) {
            fixedView();
        }
    }

    private void fixedView() {
        if (job.getCache().getViews() != 0) {
            String views = FieldText.shown(job.getCache(), Cache.VIEWS_FIELD_NUMBER);
            String way = " does not go with cache.fixed, which keeps one view; leave one of them out";
            add("cache.views", views + way);
        }
        Views.Policy policy = job.getViews().getPolicy();
        if (policy == Views.Policy.SAME_WEAK || policy == Views.Policy.SAME_STRONG) {
            String shown = FieldText.shown(job.getViews(), Views.POLICY_FIELD_NUMBER);
            String why = ", by which teacher and student see the same pixels";
            String way = "; choose weak-weak, weak-strong or strong-strong, or --cache-views";
            add("cache.fixed", "true does not go with the policy " + shown + why + way);
        }
    }

    private void placement() {
        long least = Integer.toUnsignedLong(job.getPlacement().getMinWorkers());
        long most = Integer.toUnsignedLong(job.getPlacement().getMaxWorkers());
        long parts = Integer.toUnsignedLong(job.getOptimization().getMicroBatches());
        if (most > 0 && least > most) {
            String way = "; choose at most " + most;
            add("placement.min_workers", least + " is more than max_workers" + way);
        } else if (parts > 0 && least > parts) {
            String way = " micro-batches, the most workers it can use; choose at most " + parts;
            add("placement.min_workers", least + " is more than the job's " + parts + way);
        }
    }

    private void add(String key, String what) {
        problems.add(JobField.place(key), what);
    }
}
