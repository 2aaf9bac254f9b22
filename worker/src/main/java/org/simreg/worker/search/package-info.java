/**
 * One worker's rows of a feature bank, and the exact k nearest of them by cosine: a first pass in
 * bfloat16 with a proven bound finds the candidates, float64 decides between them.
 */
package org.simreg.worker.search;
