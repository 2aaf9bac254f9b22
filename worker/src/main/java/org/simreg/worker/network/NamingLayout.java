package org.simreg.worker.network;

/** A convention of naming a network's layers: a library's, or a habit's. */
public enum NamingLayout {
    /** torchvision's names, which are the product's own where torchvision has the network. */
    TORCHVISION,
    /** timm's names. */
    TIMM,
    /** The names of Hugging Face's transformers. */
    HUGGINGFACE,
    /** The names of a network's authors, where they are no library's. */
    AUTHORS,
    /** detectron2's names. */
    DETECTRON2,
    /** The names of mmpretrain, mmselfsup and their kin. */
    MMPRETRAIN,
    /** {@code nn.Sequential(*network.children())}: numbers in place of the first names. */
    SEQUENTIAL,
    /** torchvision's names but {@code shortcut} and {@code linear}, usual in CIFAR's ResNets and in lightly's. */
    SHORTCUT;

    /** Whether networks are exported under its names. */
    public boolean isWritten() {
        return this == TORCHVISION || this == TIMM || this == HUGGINGFACE;
    }
}
