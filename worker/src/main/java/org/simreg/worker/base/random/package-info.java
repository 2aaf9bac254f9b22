/**
 * Every random draw as a pure function of seed and path. Read {@link
 * org.simreg.worker.base.random.CounterRandom} first.
 */
package org.simreg.worker.base.random;
