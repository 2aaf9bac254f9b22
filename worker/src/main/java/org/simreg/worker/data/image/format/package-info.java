/**
 * The image formats that are decoded in Java, to the pixels of Pillow's {@code convert("RGB")}: PNG, GIF, BMP, PPM,
 * TIFF and ICO. Read {@link org.simreg.worker.data.image.format.PixelLayout} first.
 */
package org.simreg.worker.data.image.format;
