package org.simreg.worker.train.teacher;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.simreg.proto.UserError;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.train.featurestore.FeatureStore;
import org.simreg.worker.train.featurestore.RowFormat;

/**
 * One frozen teacher's features of micro-batches: computed, or read from its {@link FeatureStore}.
 */
public final class TeacherFeatures implements AutoCloseable {
    private final FrozenTeacher teacher;
    private final Transfers transfers;
    private final Optional<Rows> rows;
    private boolean writable = true;

    /**
     * The rounding and storage of the features of views that come again.
     *
     * @param format that they are rounded to, whether they are read or computed
     * @param store where they are kept; none if they are computed every time
     * @param oneView whether a sample has one view for all epochs
     * @param notices takes a sentence if the store can't be written
     */
    record Rows(RowFormat format, Optional<FeatureStore> store, boolean oneView, Consumer<String> notices) {}

    /**
     * @param transfers to the teacher's device
     * @param rows its store is closed with this; empty for features that are computed every time, as the teacher gives
     *     them
     */
    TeacherFeatures(FrozenTeacher teacher, Transfers transfers, Optional<Rows> rows) {
        this.teacher = teacher;
        this.transfers = transfers;
        this.rows = rows;
    }

    /** Whether all rows of a micro-batch can be read; asked from any thread. */
    boolean has(BatchLoader.Request batch) {
        return store().map(store -> IntStream.of(batch.ids())
                        .allMatch(id -> store.check(view(batch), id) == FeatureStore.Row.PRESENT))
                .orElse(false);
    }

    /** The features (N, D) float32 of a micro-batch, if all of them can be read. */
    Optional<NDArray> read(NDManager scope, BatchLoader.Request batch) {
        return store().flatMap(store -> read(store, batch)).map(all -> array(scope, batch, all));
    }

    private Optional<FeatureStore> store() {
        return rows.flatMap(Rows::store);
    }

    private Optional<float[]> read(FeatureStore store, BatchLoader.Request batch) {
        int width = teacher.width();
        float[] all = new float[Math.multiplyExact(batch.ids().length, width)];
        for (int i = 0; i < batch.ids().length; i++) {
            if (!store.read(view(batch), batch.ids()[i], all, i * width)) {
                return Optional.empty();
            }
        }
        return Optional.of(all);
    }

    private int view(BatchLoader.Request batch) {
        return rows.orElseThrow().oneView() ? 0 : batch.epoch();
    }

    /**
     * Computes the features (N, D) float32 of a micro-batch, and keeps them if they are to be kept; not those that are
     * no finite numbers.
     *
     * @param images (N, H, W, 3) uint8, of the size of the teacher
     */
    NDArray compute(NDManager scope, BatchLoader.Request batch, NDArray images) {
        if (rows.isEmpty()) {
            return teacher.features(scope, images);
        }
        try (NDArray features = teacher.features(scope, images)) {
            return keep(scope, batch, features.toFloatArray());
        }
    }

    /**
     * Takes the features (N, D) of a micro-batch that another worker has computed, as if they were computed here.
     *
     * @param values row by row, not to be changed
     */
    NDArray take(NDManager scope, BatchLoader.Request batch, float[] values) {
        return rows.isEmpty() ? array(scope, batch, values) : keep(scope, batch, values.clone());
    }

    /** Width D of the teacher's feature. */
    int width() {
        return teacher.width();
    }

    private NDArray keep(NDManager scope, BatchLoader.Request batch, float[] all) {
        round(all);
        store().filter(store -> writable).ifPresent(store -> write(store, batch, all));
        // Out of Java's memory also where nothing is kept: then strides can't differ.
        return array(scope, batch, all);
    }

    private NDArray array(NDManager scope, BatchLoader.Request batch, float[] all) {
        return transfers.floats(scope, all, new Shape(batch.ids().length, teacher.width()));
    }

    private void round(float[] all) {
        RowFormat format = rows.orElseThrow().format();
        for (float value : all) {
            if (Math.abs(value) > format.largest() && Float.isFinite(value)) {
                throw new UserError(
                        "A teacher's feature is %.4g, and float16 ends at %.0f; use --cache-precision float32"
                                .formatted(value, format.largest()));
            }
        }
        format.round(all);
    }

    private void write(FeatureStore store, BatchLoader.Request batch, float[] all) {
        try {
            for (int i = 0; i < batch.ids().length; i++) {
                if (isFinite(all, i)) {
                    store.write(view(batch), batch.ids()[i], all, i * teacher.width());
                }
            }
        } catch (IOException e) {
            writable = false;
            rows.orElseThrow()
                    .notices()
                    .accept("Features can't be kept any more, so those that are missing are computed every time: "
                            + e.getMessage());
        }
    }

    private boolean isFinite(float[] all, int row) {
        int width = teacher.width();
        for (int i = row * width; i < (row + 1) * width; i++) {
            if (!Float.isFinite(all[i])) {
                return false;
            }
        }
        return true;
    }

    /** Closes the store; the teacher is not closed. */
    @Override
    public void close() {
        store().ifPresent(FeatureStore::close);
    }
}
