package org.simreg.worker.distill;

import org.simreg.proto.EpochDone;
import org.simreg.proto.StepDone;

/** Sums up the steps of an epoch; after a resume only those since. */
final class EpochMeter {
    private StepDone last;
    private double losses;
    private double seconds;
    private long steps;
    private long images;

    void add(StepDone step) {
        last = step;
        losses += step.getLoss();
        seconds += step.getSeconds();
        images += step.getImages();
        steps++;
    }

    /** The epoch of the steps added, at least one; the next epoch begins. */
    EpochDone read() {
        EpochDone done =
                EpochDone.newBuilder()
                        .setEpoch(last.getEpoch())
                        .setLoss(losses / steps)
                        .setLr(last.getLr())
                        .setSeconds(seconds)
                        .setImages(images)
                        .build();
        losses = 0;
        seconds = 0;
        steps = 0;
        images = 0;
        return done;
    }
}
