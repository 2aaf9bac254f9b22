package org.simreg.worker.probe;

import org.simreg.worker.embed.Course;
import org.simreg.worker.embed.Embedding;
import org.simreg.worker.embed.FeatureSets;
import org.simreg.worker.embed.Rows;
import org.simreg.worker.evaluate.FeatureBank;

/** Where a probe's train rows come from, epoch by epoch. */
@FunctionalInterface
public interface TrainRows {
    /**
     * Gives rows of unit length in the order asked for, cut as is convenient.
     *
     * @param epoch from 0
     * @param ids each sample once
     */
    void epoch(int epoch, int[] ids, Course course, Rows rows);

    /** The same rows every epoch. */
    static TrainRows of(FeatureBank bank) {
        return (epoch, ids, course, rows) -> {
            int width = bank.dimension();
            for (int from = 0; from < ids.length; from += Embedding.BATCH) {
                int count = Math.min(Embedding.BATCH, ids.length - from);
                float[] values = new float[count * width];
                int[] part = new int[count];
                int[] labels = new int[count];
                for (int i = 0; i < count; i++) {
                    part[i] = ids[from + i];
                    labels[i] = bank.label(part[i]);
                    bank.copy(part[i], values, i * width);
                }
                rows.take(values, part, labels);
            }
        };
    }

    /**
     * Features of fresh views, of unit length.
     *
     * @param minArea least part of an image that a crop covers
     */
    static TrainRows augmented(FeatureSets sets, double minArea) {
        return (epoch, ids, course, rows) ->
                sets.augmented(
                        minArea,
                        epoch,
                        ids,
                        course,
                        (values, part, labels) -> {
                            FeatureBank unit =
                                    new FeatureBank(part.length, values.length / part.length);
                            unit.add(values, part, labels);
                            for (int i = 0; i < part.length; i++) {
                                unit.copy(i, values, i * unit.dimension());
                            }
                            rows.take(values, part, labels);
                        });
    }
}
