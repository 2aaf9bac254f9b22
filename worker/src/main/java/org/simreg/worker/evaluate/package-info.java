/**
 * How good features are while a student trains: exact nearest neighbours by cosine and the k-NN
 * vote of validation images against train images.
 */
package org.simreg.worker.evaluate;
