package org.simreg.coordinator.job.scale;

import java.util.function.IntConsumer;
import org.simreg.proto.ScaleStatus;
import org.simreg.proto.SetScaleRequest;
import org.simreg.proto.UserError;

/**
 * The service of scaling: how many workers are wanted, within which bounds. Called on the
 * coordinator's own thread; every method returns at once.
 */
public interface ScaleService {
    /**
     * The least and the most workers that there may be.
     *
     * @param min kept even if nothing is to be done; 0 to {@code max}
     * @param max at most {@value #MOST}
     */
    record Bounds(int min, int max) {
        /** As many as a job can have micro-batches. */
        public static final int MOST = 4096;

        /** Every number. */
        public static final Bounds ANY = new Bounds(0, MOST);

        /**
         * @throws UserError if they exclude each other or are out of bounds
         */
        public Bounds {
            if (min < 0 || max > MOST || min > max) {
                String rule = "choose 0 <= minimum <= maximum <= " + MOST;
                throw new UserError("At least " + min + " and at most " + max + " workers can't be: " + rule);
            }
        }

        /** What both allow, or of these the number nearest to the other. */
        public Bounds within(Bounds other) {
            return new Bounds(other.clamp(min), other.clamp(max));
        }

        int clamp(int workers) {
            return Math.max(min, Math.min(max, workers));
        }
    }

    /** The number, its reason and the coordinator's bounds. */
    ScaleStatus status();

    /**
     * Sets the coordinator's bounds; they are kept when this returns.
     *
     * @throws UserError if they can't be, or can't be kept
     */
    ScaleStatus set(SetScaleRequest request);

    /**
     * How many workers are wanted by one who has bounds of his own besides the coordinator's.
     *
     * @param own narrow the coordinator's
     */
    int wanted(Bounds own);

    /**
     * Follows that number: as it is, then at each change.
     *
     * @param follower called on the coordinator's thread; must not block
     * @return ends it
     */
    AutoCloseable follow(Bounds own, IntConsumer follower);
}
