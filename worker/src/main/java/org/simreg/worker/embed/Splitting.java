package org.simreg.worker.embed;

import java.util.ArrayList;
import java.util.List;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.network.Stage;

/** Rows of the features of several stages, side by side, into a bank for each stage. */
final class Splitting implements Rows {
    private final List<Stage> stages;
    private final List<FeatureBank> banks = new ArrayList<>();

    Splitting(int capacity, List<Stage> stages) {
        this.stages = stages;
        stages.forEach(stage -> banks.add(new FeatureBank(capacity, stage.width())));
    }

    @Override
    public void take(float[] rows, int[] ids, int[] labels) {
        int width = rows.length / ids.length;
        int from = 0;
        for (int i = 0; i < stages.size(); i++) {
            int columns = stages.get(i).width();
            float[] part = new float[ids.length * columns];
            for (int row = 0; row < ids.length; row++) {
                System.arraycopy(rows, row * width + from, part, row * columns, columns);
            }
            banks.get(i).add(part, ids, labels);
            from += columns;
        }
    }

    /** In the order of the stages. */
    List<FeatureBank> banks() {
        return banks;
    }
}
