/// The names that versions up to 0.1 gave to agents without a nickname, drawn from their id and stored with them. They say
/// nothing to people who did not choose them, so they are not shown.
public enum Nicknames {
    private static let names = """
        Ada Agnes Albert Alice Alma Alvin Amos Anna Arthur Astrid Audrey August Beatrice Bella Benno Bernice Bertha \
        Betty Bruno Calvin Carl Cecil Celia Charles Clara Claude Cleo Clifford Clyde Cora Cyril Daisy Dalia David \
        Della Dora Doris Dorothy Earl Edgar Edith Edna Edwin Effie Elias Elmer Elsie Emil Emma Enid Ernest Esther \
        Ethel Etta Eugene Eva Fay Felix Fern Flora Floyd Frances Frank Freda Frieda Gene George Gerda Gilbert Gladys \
        Glenn Grace Greta Gus Guy Hannah Harold Harriet Harvey Hattie Hazel Helen Henry Herman Hilda Homer Hugo Ida \
        Ines Ira Irene Iris Irma Irving Isaac Ivan Ivy Jacob James Jasper Jean Jesse Joan Joel Johanna Josef Josie \
        Joyce Judith Julius June Karl Kate Klara Lars Laura Leah Lena Leo Leon Leona Leroy Lester Lewis Lila Lillian \
        Lloyd Lois Lola Lorene Louis Lucy Luther Lydia Mabel Mae Magda Marcus Margot Marie Marion Martha Marvin \
        Mattie Maude Max May Melvin Milton Minnie Miriam Mollie Morris Myra Myrtle Nadine Naomi Nell Nettie Nina \
        Nora Norman Olga Olive Oliver Opal Orville Oscar Otis Otto Pablo Paul Pauline Pearl Percy Philip Phoebe Ralph \
        Ray Rhoda Robert Rosa Rose Roy Ruby Rudolf Rufus Russell Ruth Sadie Sally Samuel Selma Sidney Simon Sophie \
        Stella Susan Sylvia Tess Thea Theo Thelma Theodore Thomas Vera Vernon Victor Viola Violet Virgil Vivian \
        Wallace Walter Wanda Warren Wilbur Willa Willis Wilma Winifred Woodrow
        """

    /// Whether `nickname` is the one that this id was given, and not a person's choice. If that one was taken, one of the
    /// next few was.
    public static func isDrawn(_ nickname: String, for id: AgentID) -> Bool {
        let all = names.split(separator: " ")
        let start = Int(id.high >> 48) % all.count  // fits: 16 bits
        return (0..<4).contains { all[(start + $0) % all.count] == nickname }
    }
}
