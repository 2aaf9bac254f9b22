package org.simreg.worker.network;

/** A way in which the weights of a network are drawn ahead of training; normalisations begin with 1 and 0. */
public enum Initialization {
    /** Torchvision's: convolutions normal(0, sqrt(2 / (kernel area x out))), biases 0. */
    FAN_OUT,
    /** timm's of mobile networks: the same with the outputs of one group, biases 0. */
    FAN_OUT_OF_GROUP,
    /** ConvNeXt's: convolutions and linear layers normal(0, 0.02), biases 0, factors of LayerScale 1e-6. */
    NORMAL,
    /**
     * timm's of vision transformers: linear layers and positions normal(0, 0.02), biases 0, the class token
     * normal(0, 1e-6), the patches' projection uniform in +-1/sqrt(in) with its bias, factors of LayerScale 1e-5.
     */
    TRANSFORMER
}
