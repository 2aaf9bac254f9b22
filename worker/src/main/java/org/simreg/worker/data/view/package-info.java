/**
 * The rendering of views from pixels: crop, resize, colours, blur, to Pillow's bits. Read {@link
 * org.simreg.worker.data.view.ViewRecipe}, then {@link org.simreg.worker.data.view.ViewRenderer}.
 */
package org.simreg.worker.data.view;
