package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import org.simreg.worker.data.Batch;
import org.simreg.worker.data.View;
import org.simreg.worker.torchscript.Torch;

/** A step's views on the device and, where they don't wait for the student, its targets. */
final class Prepared implements AutoCloseable {
    private final NDManager scope;
    private final List<Batch> batches = new ArrayList<>();
    private final List<NDArray[]> views = new ArrayList<>();
    private final List<NDArray[]> targets = new ArrayList<>();

    Prepared(Torch torch) {
        scope = torch.scope();
    }

    /**
     * Takes over a micro-batch.
     *
     * @return the images of each of the views; null for one that was not asked for
     */
    NDArray[] add(Batch batch, List<View> wanted) {
        batches.add(batch);
        NDArray[] images = new NDArray[wanted.size()];
        for (int i = 0; i < images.length; i++) {
            int made = batch.request().views().indexOf(wanted.get(i));
            images[i] = made < 0 ? null : images(batch, made);
        }
        views.add(images);
        return images;
    }

    private NDArray images(Batch batch, int view) {
        return Torch.images(scope, batch.views(view), batch.size(), batch.viewSize(view));
    }

    /** Remembers the targets of the next leaf. */
    void addTargets(NDArray[] features) {
        targets.add(features);
    }

    NDManager scope() {
        return scope;
    }

    int microBatches() {
        return views.size();
    }

    NDArray view(int microBatch, int view) {
        return views.get(microBatch)[view];
    }

    NDArray[] targets(int leaf) {
        return targets.get(leaf);
    }

    @Override
    public void close() {
        // The arrays on the CPU lie in the batches' buffers, which go back to their pool.
        scope.close();
        batches.forEach(Batch::close);
    }
}
