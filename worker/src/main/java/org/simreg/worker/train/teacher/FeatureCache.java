package org.simreg.worker.train.teacher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.simreg.proto.Cache;
import org.simreg.proto.Job;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.view.View;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.train.featurestore.FeatureStore;
import org.simreg.worker.train.featurestore.RowFormat;
import org.simreg.worker.train.featurestore.StoreFolder;
import org.simreg.worker.train.featurestore.StoreHeader;
import org.simreg.worker.train.teacher.TeacherFeatures.Rows;

/** The stores in which the features of a job's teachers are kept, if the job keeps any. */
public final class FeatureCache {
    private final Job job;
    private final FeatureKey keys;
    private final int samples;
    private final WorkerSettings settings;
    private final Consumer<String> notices;

    /**
     * @param job completed, with paths that can be read here
     * @param keys of the job on this machine
     * @param samples in the data set
     * @param settings say where this worker keeps what it doesn't share
     * @param notices takes a sentence about the size
     */
    public FeatureCache(Job job, FeatureKey keys, int samples, WorkerSettings settings, Consumer<String> notices) {
        this.job = job;
        this.keys = keys;
        this.samples = samples;
        this.settings = settings;
        this.notices = notices;
    }

    /** Opens the stores of all teachers. */
    public List<TeacherFeatures> open(Transfers transfers, List<FrozenTeacher> teachers, ViewPlan views) {
        return open(transfers, teachers, HeldTeachers.ALL, views);
    }

    /**
     * Opens the stores of teachers.
     *
     * @param transfers to the teachers' device
     * @param teachers in the job's order; none for a momentum teacher
     * @param held which they are
     * @param views of those
     * @return one a teacher; the caller closes them
     * @throws UserError if a store holds other features, or the disk has no room
     */
    public List<TeacherFeatures> open(
            Transfers transfers, List<FrozenTeacher> teachers, HeldTeachers held, ViewPlan views) {
        if (views(job) == 0) {
            return teachers.stream()
                    .map(teacher -> new TeacherFeatures(teacher, transfers, Optional.empty()))
                    .toList();
        }
        RowFormat format =
                job.getCache().getPrecision() == Cache.Format.FLOAT16 ? RowFormat.FLOAT16 : RowFormat.FLOAT32;
        List<Optional<FeatureStore>> stores = stores(teachers, held, views, format);
        return IntStream.range(0, teachers.size())
                .mapToObj(i -> new TeacherFeatures(
                        teachers.get(i),
                        transfers,
                        Optional.of(
                                new Rows(format, stores.get(i), job.getCache().getFixed(), notices))))
                .toList();
    }

    /** Views of a sample whose features come again; 0 if none do. */
    public static int views(Job job) {
        return job.getCache().getFixed() ? 1 : job.getCache().getViews();
    }

    /** A remark on kept features, to stand behind a run's description; empty without them. */
    public static String words(Job job) {
        if (job.getCache().getFixed()) {
            return ", the teacher's view fixed: not the same view";
        }
        int views = views(job);
        return views == 0 ? "" : ", " + views + (views == 1 ? " view" : " views") + " a sample";
    }

    private List<Optional<FeatureStore>> stores(
            List<FrozenTeacher> teachers, HeldTeachers held, ViewPlan views, RowFormat format) {
        if (job.getCache().getPrecision() == Cache.Format.NONE) {
            return teachers.stream()
                    .map(teacher -> Optional.<FeatureStore>empty())
                    .toList();
        }
        List<Wanted> wanted = new ArrayList<>();
        for (int i = 0; i < teachers.size(); i++) {
            View view = views.views().get(views.passes().get(0).teachers().get(i));
            FrozenTeacher teacher = teachers.get(i);
            int number = held.number(i);
            StoreHeader.Shape shape = new StoreHeader.Shape(teacher.width(), format, samples, views(job));
            wanted.add(new Wanted(number, shape, keys.of(job.getTeachers(number), view, teacher.bfloat16())));
        }
        return open(wanted).stream().map(Optional::of).toList();
    }

    /**
     * The store that one teacher needs.
     *
     * @param teacher from 0
     */
    private record Wanted(int teacher, StoreHeader.Shape shape, StoreHeader.Key key) {}

    private List<FeatureStore> open(List<Wanted> wanted) {
        boolean shared = isShared();
        List<Path> files = wanted.stream().map(store -> file(store, shared)).toList();
        List<StoreHeader.Shape> shapes = wanted.stream().map(Wanted::shape).toList();
        int shown = Math.min(views(job), job.getOptimization().getEpochs());
        StoreFolder folder = new StoreFolder(files, shapes, shown);
        folder.requireRoomForNew();
        List<FeatureStore> opened = new ArrayList<>();
        Problems problems = new Problems();
        try {
            for (int i = 0; i < files.size(); i++) {
                Path file = files.get(i);
                Wanted store = wanted.get(i);
                problems.attempt("cache.store", () -> FeatureStore.open(file, store.shape(), store.key()))
                        .ifPresent(opened::add);
            }
            problems.refuse("The job is refused");
            folder.requireRoom(opened);
        } catch (RuntimeException e) {
            opened.forEach(FeatureStore::close);
            throw e;
        }
        notices.accept(folder.words());
        return opened;
    }

    /**
     * A folder that isn't there on a worker of a cluster is most likely another machine's: made
     * here, nobody would look for it.
     */
    private boolean isShared() {
        Path asked = Path.of(job.getCache().getStore()).toAbsolutePath();
        if (settings.storage().isEmpty()) {
            return true;
        }
        return settings.roots().hold(asked)
                && (Files.isWritable(asked) || !Files.exists(asked) && Files.isWritable(asked.getParent()));
    }

    /** A worker's own file is named by its key: nobody else knows where to delete it. */
    private Path file(Wanted store, boolean shared) {
        if (shared) {
            String name = "teacher-" + (store.teacher() + 1) + StoreFolder.ENDING;
            Path stores = Path.of(job.getCache().getStore());
            if (stores.startsWith(Path.of(job.getCheckpoints().getOutput()))) {
                Disk.write(stores, () -> OwnFolder.requireFolder(stores));
            }
            return stores.resolve(name);
        }
        Path folder = settings.cache().resolve("features");
        try {
            return StoreFolder.own(Files.createDirectories(folder), store.key(), store.shape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
