package org.simreg.worker.probe;

import java.util.Arrays;
import org.simreg.worker.embed.Rows;
import org.simreg.worker.torchscript.ProbeModule;

/** Rows cut into the batches of an epoch, each a step; the last may be smaller. */
final class ProbeBatches implements Rows {
    private final ProbeModule module;
    private final float[] rates;
    private final long[] labels;
    private float[] values = new float[0];
    private int filled;
    private int left;

    ProbeBatches(ProbeModule module, int batch, float[] rates, int rows) {
        this.module = module;
        this.rates = rates;
        labels = new long[Math.min(batch, rows)];
        left = rows;
    }

    @Override
    public void take(float[] rows, int[] ids, int[] classes) {
        int width = rows.length / ids.length;
        if (values.length == 0) {
            values = new float[labels.length * width];
        }
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(rows, i * width, values, filled * width, width);
            labels[filled++] = classes[i];
            left--;
            if (filled == labels.length || left == 0) {
                step(width);
            }
        }
    }

    private void step(int width) {
        module.step(Arrays.copyOf(values, filled * width), Arrays.copyOf(labels, filled), rates);
        filled = 0;
    }
}
