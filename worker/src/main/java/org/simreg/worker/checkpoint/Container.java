package org.simreg.worker.checkpoint;

/** What kind of file weights came in. */
public enum Container {
    PYTORCH_ZIP("PyTorch zip archive (1.6 and later)"),
    PYTORCH_STREAM("PyTorch legacy stream (before 1.6)"),
    TORCHSCRIPT("TorchScript archive"),
    SAFETENSORS("safetensors");

    private final String text;

    Container(String text) {
        this.text = text;
    }

    /** For people. */
    @Override
    public String toString() {
        return text;
    }
}
