/**
 * Images of a folder as feature rows of a frozen network: the one way in which training's
 * evaluation, {@code simreg eval} and the search bank compute features. What leaves is a {@link
 * org.simreg.worker.evaluate.FeatureBank} or a file of features.
 */
package org.simreg.worker.embed;
