/**
 * The worker: everything that computes. Read its wings in the order in which a step passes them:
 * {@code data}, {@code network}, {@code weights}, {@code engine}, {@code train}, {@code exchange},
 * {@code member}; then {@code features} and {@code export}, which use a trained network; {@code
 * base} is what all stand on.
 */
package org.simreg.worker;
