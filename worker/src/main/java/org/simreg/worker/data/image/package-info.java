/**
 * The decoding of image files to RGB pixels, as Pillow does it. Read {@link
 * org.simreg.worker.data.image.ImageDecoder} first.
 */
package org.simreg.worker.data.image;
