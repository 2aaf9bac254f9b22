package org.simreg.coordinator.cluster;

import org.simreg.proto.Roots;

/**
 * The limits of what clients may ask for.
 *
 * @param roots below which the files of jobs must lie
 * @param queue most jobs that have not ended, at least 1
 */
public record Limits(Roots roots, int queue) {
    /** Files anywhere, as many jobs as there is memory for. */
    public static final Limits NONE = new Limits(Roots.ANYWHERE, Integer.MAX_VALUE);
}
