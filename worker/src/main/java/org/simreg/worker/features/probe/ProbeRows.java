package org.simreg.worker.features.probe;

import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.features.embed.FeatureSets;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.knn.FeatureBank;

/** A source of a probe's train rows, epoch by epoch. */
@FunctionalInterface
public interface ProbeRows {
    /**
     * Gives rows of unit length in the order asked for, cut as is convenient.
     *
     * @param epoch from 0
     * @param ids each sample once
     */
    void epoch(int epoch, int[] ids, ProgressMonitor progress, ImageEmbedder.RowSink rows);

    /** A source of the same rows every epoch. */
    static ProbeRows of(FeatureBank bank) {
        return (epoch, ids, progress, rows) -> {
            int width = bank.dimension();
            for (int from = 0; from < ids.length; from += ImageEmbedder.BATCH) {
                int count = Math.min(ImageEmbedder.BATCH, ids.length - from);
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
     * A source of the features of fresh views every epoch, of unit length.
     *
     * @param minArea least part of an image that a crop covers
     */
    static ProbeRows augmented(FeatureSets sets, double minArea) {
        return (epoch, ids, progress, rows) -> sets.augmented(minArea, epoch, ids, progress, (values, part, labels) -> {
            FeatureBank unit = new FeatureBank(part.length, values.length / part.length);
            unit.add(values, part, labels);
            for (int i = 0; i < part.length; i++) {
                unit.copy(i, values, i * unit.dimension());
            }
            rows.take(values, part, labels);
        });
    }
}
