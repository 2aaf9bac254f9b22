package org.simreg.worker.train.teacher;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.view.View;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.train.teacher.ViewPlan.Pass;

/**
 * The targets of micro-batches: each frozen teacher's features of its view, which the student
 * regresses. {@link TeacherFeatures} reads them from a store or computes them by the {@link
 * FrozenTeacher}. A view that is only for teachers whose features are all kept is not made.
 */
public final class Targets {
    private final Torch torch;
    private final ViewPlan views;
    private final List<TeacherFeatures> features;
    private final BatchLoader loader;

    /**
     * @param features one a teacher; none for a momentum teacher
     * @param loader makes a view that turned out to be needed after all
     */
    public Targets(Torch torch, ViewPlan views, List<TeacherFeatures> features, BatchLoader loader) {
        this.torch = torch;
        this.views = views;
        this.features = features;
        this.loader = loader;
    }

    /** Number of targets of a backward pass: one a frozen teacher, 0 with a momentum teacher. */
    public int size() {
        return features.size();
    }

    /** The request for the views that a micro-batch needs; called on the loader's threads. */
    public BatchLoader.Request request(int epoch, int[] ids) {
        BatchLoader.Request all = new BatchLoader.Request(views.number(epoch), ids, views.views());
        List<View> needed =
                views.views().stream().filter(view -> isNeeded(view, all)).toList();
        return new BatchLoader.Request(all.epoch(), ids, needed);
    }

    /** The request for the view of one teacher. */
    public BatchLoader.Request request(int teacher, Pass pass, int epoch, int[] ids) {
        View view = views.views().get(pass.teachers().get(teacher));
        return new BatchLoader.Request(views.number(epoch), ids, List.of(view));
    }

    /** The frozen teachers' widths D, in the job's order. */
    public List<Integer> widths() {
        return features.stream().map(TeacherFeatures::width).toList();
    }

    /** One teacher's targets (N, D) float32 of a micro-batch, if they are kept. */
    public Optional<NDArray> kept(int teacher, NDManager scope, BatchLoader.Request batch) {
        return features.get(teacher).read(scope, batch);
    }

    /**
     * One teacher's targets (N, D) float32 of a micro-batch that another worker has computed; they are kept as if this
     * one had.
     *
     * @param values row by row
     */
    public NDArray given(int teacher, NDManager scope, BatchLoader.Request batch, float[] values) {
        return features.get(teacher).take(scope, batch, values);
    }

    private boolean isNeeded(View view, BatchLoader.Request batch) {
        int index = views.views().indexOf(view);
        return features.isEmpty() || views.passes().stream().anyMatch(pass -> isNeeded(index, pass, batch));
    }

    private boolean isNeeded(int index, Pass pass, BatchLoader.Request batch) {
        if (pass.student() == index) {
            return true;
        }
        for (int i = 0; i < features.size(); i++) {
            if (pass.teachers().get(i) == index && !features.get(i).has(batch)) {
                return true;
            }
        }
        return false;
    }

    /**
     * One teacher's targets (N, D) float32 of a micro-batch.
     *
     * @param images of its view; null if that wasn't asked for
     */
    public NDArray of(int teacher, Pass pass, NDManager scope, BatchLoader.Request batch, NDArray images) {
        return kept(teacher, scope, batch).orElseGet(() -> compute(teacher, pass, scope, batch, images));
    }

    /**
     * The same, computed whether they are kept or not.
     *
     * @param images of its view; null if that wasn't asked for
     */
    public NDArray compute(int teacher, Pass pass, NDManager scope, BatchLoader.Request batch, NDArray images) {
        TeacherFeatures of = features.get(teacher);
        return images == null
                ? late(of, views.views().get(pass.teachers().get(teacher)), scope, batch)
                : of.compute(scope, batch, images);
    }

    /** Makes a view after all: a row was damaged since the views were asked for. */
    private NDArray late(TeacherFeatures of, View view, NDManager scope, BatchLoader.Request batch) {
        BatchLoader.Request missing = new BatchLoader.Request(batch.epoch(), batch.ids(), List.of(view));
        try (BatchStream one = loader.batches(List.of(missing).iterator());
                Batch made = one.next();
                NDManager lent = torch.scope()) {
            NDArray images = torch.transfers().images(lent, made.views(0), made.size(), made.viewSize(0));
            return of.compute(scope, batch, images);
        }
    }
}
