"""What texts of many languages are written with: the characters beyond ASCII, most frequent first, and common short words.

Only the order counts (`guessing`). Languages that share an alphabet with one named here are served by it.
"""

from __future__ import annotations

LATIN = {
    "en": "’“”–‘—£…éïöèüñçâêàáíó",
    "de": "üäößÜÄÖéàè",
    "fr": "éèàêçôûîâùïœëÉÀÈÊÇÔÎÂŒæüÿ",
    "es": "óíáéñúü¿¡ÁÉÍÓÚÑºª",
    "pt": "ãçáéíóêõâúàôÁÉÍÓÚÂÊÔÃÕÇÀºª",
    "it": "àèùòìéÈÀÙÒÌÉ",
    "ca": "àéèíóòçúïü·ÀÉÈÍÓÒÇÚ",
    "nl": "éëïóüèöêáç",
    "sv": "äåöÄÅÖéà",
    "da": "åæøÅÆØéöä",
    "fi": "äöåÄÖÅšž",
    "is": "áíðóúéþæöýÁÍÐÓÚÉÞÆÖÝ",
    "pl": "łąęóżśćńźŁŚŻÓĆŹĄĘŃ",
    "cs": "íáéěřčšžýůúťóďňČŠŽŘÚÍÁÉĎŤŇÓÝŮĚ",
    "sk": "áíéčšžýúľťňôóäďĺŕČŠŽÚÁÍÉĽŤŇÓÝĎ",
    "hu": "éáöóőíüúűÉÁÖÓŐÍÜÚŰ",
    "ro": "ăîșțâşţĂÎȘȚÂŞŢ",
    "hr": "čšžćđČŠŽĆĐ",
    "tr": "ışğüçöİŞĞÜÇÖâîû",
    "az": "əışğüçöƏİŞĞÜÇÖ",
    "et": "äõüöšžÄÕÜÖŠŽ",
    "lt": "ėšžųūįąčęŠŽČĮŪĖĄĘŲ",
    "lv": "āīēšņūļžčķģŠĀŽĪČĒŅŪĻĶĢ",
    "sq": "ëçËÇ",
    "vi": "đươâêôăáàảãạéèẻẽẹíìỉĩịóòỏõọúùủũụýỳỷỹỵĐƯƠÂÊÔĂ\u0301\u0300\u0323\u0309\u0303",
    "ga": "áíéóúÁÍÉÓÚ",
}

WORDS = {
    "en": "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all we her she there would their will when who him been has more no if out so said what up its about into than them can only other new some could time these two may then do first any my now such like our over man me even most made after also did many before must through years where much your way well down should because long each just state",
    "de": "der die und in den von zu das mit sich des auf ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem",
    "fr": "de la le et les des en un du une que est pour qui dans par plus au sur pas ce il ne se son avec sont elle mais ou nous cette leur ont aux",
    "es": "de la que el en y los se del las un por con no una su para es al lo como pero sus le ha me si sin sobre este entre cuando muy ser hay",
    "pt": "de que e do da em um para com os no se na por mais as dos como mas foi ao ele das tem seu sua ou ser quando nos uma pela pelo isso ela",
    "it": "di che e la il un per in non una si da del con le sono dei al come della ma gli nel anche alla ha lo delle ed questo dal ai",
    "ca": "de la i el que a les en un per els una amb es al del no va com dels ha o si pel mes son aquest",
    "nl": "de van het een en in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog naar door over ze hij werd heeft deze",
    "sv": "och i att det som en av den med till har de inte om ett han men var jag sig vi kan ska under vid hade nu efter eller",
    "da": "og i at det er en til af den der med som ikke har de et for han om men var sig blev kan vil fra skal over efter ved eller",
    "fi": "ja on ei oli se ett ovat mutta kun tai kuin sen ole hn my joka jo vain jos ovat sit niin my voi",
    "is": "og er a til sem ekki en var um hann me fyrir vi eru hefur hafa eftir eins",
    "pl": "w i na z do nie si jest to o e od po za przez jak dla a przy oraz tym ale jego tego co by ma tylko lub roku",
    "cs": "a v na se je z do o to s pro e za by od jako po jeho jsou k byl ale bylo nebo tak podle roce jen co",
    "sk": "a v na sa je z do o to s pre e za by od ako po jeho k bol ale bolo alebo tak podla roku len",
    "hu": "a az hogy nem is egy s volt meg de ez csak van ha el mint pedig vagy ki azt lesz nagy minden ezt mert",
    "ro": "de la n a cu pe care din nu un o mai ce pentru i se este au fost prin sunt sau dar lui unei fi",
    "hr": "i u je na se da su za od s o a ne to koji bi iz kako ali sve do po kao koja bio jer samo ili",
    "tr": "ve bir bu da de ile olarak daha olan ne kadar sonra var ki gibi en o ama her ya veya yeni yok",
    "az": "bir bu da ki il olan ilk ya yeni ona",
    "et": "ja on ei et ka kui oli see mis oma aga nii ning seda ta kes selle olid",
    "lt": "ir kad yra tai su iki kaip bet nuo per tik jis buvo ne apie po jau jo",
    "lv": "un ir no ar par uz ka to bet vai tika kas gan pie no tas arī kuri",
    "sq": "dhe e i me se nga u ka për do një",
    "vi": "v c c nh cho trong khi ng th con ra sau hai anh kh",
    "ga": "an na agus a ar go is i ag le do leis",
}
"""Of the Latin alphabets: words in ASCII, or what is left of them between other letters."""

OTHER = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё№",
    "uk": "оаниітвреслкудмпзяьбгчйхжїшцюєщфґ№",
    "bg": "аиоентрсвлдпкмзъугбячжшщцхюйфь№",
    "sr": "аоиенсртјувкдлпмзгбчжшљцњхћђџф",
    "be": "анiіероствклудямпызцўгьбчйхжёшэюф",
    "el": "αοιετσνηυρπκμλςωόγίάέδθχήφβύξώζψϊΐϋΰ",
    "he": "יוהלאתרשמבנםחקדעןכפטצגזסךףץ״׳",
    "ar": "اليمنورتبةعدسفهكقأحجإشطصىخضذثزئءؤغظآ،؟؛ًٌٍَُِّْ",
    "fa": "ايردنهومتبسشكلزفگخقعآحجپصطچذضغظثژئء،؟؛یک",
    "th": "านรอกเงมยลวท่้ััิีสดตปบคหแจพชใไโข์ืุูะึผ็ถซณศธษภำฐฟฝญฉฬฮๆฯ",
    "ka": "აიესრნმობდლვთგუხკცშპყწტზქჩძჭფღჟჰჯ",
    "hy": "աեինրուտմկվսողպյլգցդբհչթփխշզծքժջճռօձ",
}
"""Lower case where there is one; capitals are known by it."""

HAN = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四"
    "日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立"
    "代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论"
    "运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什"
    "认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报完类八离华名确才科张信马节话米整空"
    "元况今集温传土许步群广石记需段研界林律且究观越织装影算低持音众书布复容儿须际商非验连断深难近千周委素技备半办青省列习响"
    "约支般史感劳便团往历市克何除消构府称太准精值号率族维划选标写存候亲快效院查江型眼王格养易置派层片始却专状育厂京识适属包"
    "火住调满县局照参红细引听该铁价严桥村城州河镇站关闭停车校园医院警察"
)
HAN_OLD = (
    "這為個國時來們於對會發動過說產種後學經進著電裡現實兩體機當點從業應開還與關線內數質氣變條沒結問無軍題黨員總長頭資邊級圖"
    "統組見計別論運農幾區強戰則據處隊給門熱領東導壓爭濟階術極聯認權證單風帶場車務萬達積議聲報類離華確張馬節話況傳許廣記歷"
    "觀織裝眾書須際驗連斷難備辦習響約團構稱準號維劃選標寫親養層專狀廠識適屬調滿縣參紅細聽該鐵價嚴橋鎮園醫樓灣臺週歲請邀"
)
"""Of texts in traditional characters, besides those of HAN that are the same in both."""
KANA = (
    "のにはをたがでとしてれさあるいなもこすりかよまうらくめえけせきつおそやわちろみどんべだほげごひじばびぶへぼむゆぎずぞぐぬねふ"
    "ンスルイラトリクアドレシロカタマテジコメサフィーブッパナムグニデプウセノオバキエチワダハミペモソヤツビザケゴュォヒョガネホズャポギェボヘベユゲォゾ"
)
KANJI = (
    "日一大年中会人本月長国出上十生子分東三行同今高金時手見市力米自前円合立内二事社者地京間田体学下目五後新明方部女八心四民対主"
    "正代言九小思七山実入回場野開万全定家北六問話文動度県水安氏和政保表道相意発不党化当議員業要決通性作者火曜駅図館校駐車閉鎖"
)
HANGUL = (
    "이다의는에을를가고하지로한사기은도시인어서대리나자부정들해일아과수전그스원으주라제게보있동조여상장것우공성관구무경문신면"
    "위국생안회명오중방선소마화모비미내년교계세만입민었않적연유진할재개말습니까했였된되와러때통발분양행배달업저후실물적금술집"
)
"""Syllables."""
PUNCTUATION = "’“”–—„‚‘«»…€°§·• ‹›©®™²³½£¡¿‐"
CJK_PUNCTUATION = "，。、「」『』・！？：；（）《》“”‘’—…〜ー　％０１２３４５６７８９"
