package org.simreg.worker.data.dataset.located;

import java.util.Arrays;
import org.simreg.worker.base.io.FileNames;

/** Different texts, numbered in the order in which they first came: a hash table over a {@link TextColumn}. */
public final class TextNumbers {
    private static final int NONE = -1;

    private final TextColumn texts = new TextColumn();

    /** Numbers where their hashes lead, or one of the next free places; at most half full. */
    private int[] table = empty(32);

    private static int[] empty(int places) {
        int[] table = new int[places];
        Arrays.fill(table, NONE);
        return table;
    }

    /** The number of a text, a new one if it is new. */
    public int of(String text) {
        int place = place(FileNames.bytes(text));
        if (table[place] != NONE) {
            return table[place];
        }
        int number = texts.add(text);
        table[place] = number;
        if (2 * texts.size() > table.length) {
            table = empty(2 * table.length);
            for (int i = 0; i < texts.size(); i++) {
                table[free(texts.hash(i))] = i;
            }
        }
        return number;
    }

    /** The number of a text; -1 if it never came. */
    public int find(String text) {
        return table[place(FileNames.bytes(text))];
    }

    private int place(byte[] text) {
        int place = start(Arrays.hashCode(text));
        while (table[place] != NONE && !texts.holds(table[place], text)) {
            place = (place + 1) & (table.length - 1);
        }
        return place;
    }

    private int free(int hash) {
        int place = start(hash);
        while (table[place] != NONE) {
            place = (place + 1) & (table.length - 1);
        }
        return place;
    }

    /** Names that count up have hashes that do: their bits are mixed. */
    private int start(int hash) {
        int mixed = hash * 0x9E3779B9;
        return (mixed ^ mixed >>> 16) & (table.length - 1);
    }

    /** The text of a number. */
    public String text(int number) {
        return texts.get(number);
    }

    /** How many different texts. */
    public int size() {
        return texts.size();
    }
}
