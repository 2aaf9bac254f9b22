/**
 * The worker: everything that computes. Read its wings in the order in which a step passes them:
 * {@code data}, {@code network}, {@code weights}, {@code engine}, {@code train}, {@code exchange},
 * {@code member}; then {@code features} and {@code export}, which use a trained network; {@code
 * base} is used by all of them.
 */
package org.simreg.worker;
