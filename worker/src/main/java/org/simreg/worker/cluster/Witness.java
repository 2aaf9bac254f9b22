package org.simreg.worker.cluster;

import org.simreg.proto.Report;

/** Sees what a worker does. Called on the worker's context; must return at once. */
public interface Witness {
    /** Looks away. */
    Witness NONE =
            new Witness() {
                @Override
                public void attends(boolean now) {}

                @Override
                public void reported(Report report) {}
            };

    /** The coordinator has welcomed the worker, or the line to it is broken. */
    void attends(boolean now);

    /** What the worker reports of its job, once, in order. */
    void reported(Report report);
}
